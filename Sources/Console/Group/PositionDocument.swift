import FoundationEssentials
package import KubernetesModel
import XDB

/// What was read of members, for programs.
package enum PositionDocument {
    /// A list, with `inspection` as `xdb-agent inspect` prints it, or `obstacle`.
    package static func json(_ readings: [MemberReading]) throws -> JSONValue {
        let encoder = JSONEncoder()
        return .array(
            try readings.map { reading in
                var fields: [String: JSONValue] = ["member": .string(reading.member.name)]
                if let seen = reading.member.position { fields["seen"] = .string(seen.description) }
                if let obstacle = reading.obstacle { fields["obstacle"] = .string(obstacle) }
                if let inspection = reading.inspection {
                    fields["inspection"] = try JSONValue(
                        json: String(decoding: try encoder.encode(inspection), as: UTF8.self)
                    )
                }
                return .object(fields)
            }
        )
    }
}
