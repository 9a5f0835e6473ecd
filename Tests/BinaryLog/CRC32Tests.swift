import BinaryLog
import Testing

struct CRC32Tests {
    @Test("the check value of the CRC catalogue")
    func checkValue() {
        #expect(Array("123456789".utf8).withUnsafeBytes { CRC32.checksum($0) } == 0xCBF4_3926)
        #expect(UnsafeRawBufferPointer(start: nil, count: 0).isEmpty)
        #expect(CRC32.checksum(UnsafeRawBufferPointer(start: nil, count: 0), continuing: 7) == 7)
    }

    @Test("every length and alignment gives what one bit after the other gives, in one piece and in two")
    func lengths() {
        var random = SeededGenerator(seed: 1)
        let bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
        bytes.withUnsafeBytes { all in
            for start in 0..<20 {
                for length in 0..<200 {
                    let part = UnsafeRawBufferPointer(rebasing: all[start..<start + length])
                    var crc: UInt32 = ~0
                    for byte in part {
                        crc ^= UInt32(byte)
                        for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
                    }
                    #expect(CRC32.checksum(part) == ~crc)
                    let middle = length / 3
                    let first = CRC32.checksum(UnsafeRawBufferPointer(rebasing: part[..<middle]))
                    let both = CRC32.checksum(UnsafeRawBufferPointer(rebasing: part[middle...]), continuing: first)
                    #expect(both == ~crc)
                }
            }
        }
    }
}
