import FoundationEssentials
import XDB

/// To whom a member's directory belongs.
///
/// Written once, when all is there that the directory of a member must always have.
struct Identity: Hashable, Sendable, Codable {
    /// The uid of the `XDBGroup`.
    var group: String
    var member: String
    var ordinal: UInt32
    var incarnation: Int
    var kind: AgentConfiguration.Kind
}

/// What a member has promised: the newest epoch, and its part in it.
///
/// It is durable before it has any effect.
struct Promise: Hashable, Sendable, Codable {
    /// The part in the epoch.
    enum Duty: Hashable, Sendable, Codable {
        /// To accept nothing.
        case sealed
        /// It has led this epoch and lost its server: it never leads it again. Otherwise like `sealed`.
        case resigned
        case lead(LeadTerms)
        case follow(PeerAddress)
    }

    /// How an epoch begins.
    struct LeadTerms: Hashable, Sendable, Codable {
        var start: Position
        var source: PeerAddress?
        var voters: [String]
        var learners: [String]
        /// The voters that have taken the place of others in this epoch; absent in a file from before there were any.
        var newcomers: [String]?
        /// Which record of the operator's the voters are from; nil stands for 0.
        var votersVersion: Int?
    }

    var epoch: Epoch
    var duty: Duty

    /// Before the first seal.
    static let none = Promise(epoch: .none, duty: .sealed)

    var terms: LeadTerms? {
        if case .lead(let terms) = duty { terms } else { nil }
    }

    var leader: PeerAddress? {
        if case .follow(let leader) = duty { leader } else { nil }
    }

    /// Why a log cannot be that of a member with this promise; nil when it can.
    ///
    /// A promise is durable before the first transaction of its epoch is. A log that has more has outlived the file, and who
    /// has forgotten a promise must not be asked: it could acknowledge to a leader that the others have given up. A log
    /// without transactions of its own may be a new one, made from a copy.
    func contradiction(with log: ReplicationSnapshot, in directory: String) -> StateError? {
        guard log.first != nil, log.position.epoch > epoch else { return nil }
        return .unreadable(
            file: "\(directory)/promise.json",
            reason:
                "it promises epoch \(epoch), and the log has transactions of epoch \(log.position.epoch): a newer one is lost"
        )
    }
}

/// A directory that this agent must not use.
enum StateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file is not what an agent writes.
    case unreadable(file: String, reason: String)
    /// The directory belongs to another group, member or incarnation.
    case foreign(found: Identity, expected: String)
    case system(SystemError)

    var reason: String {
        switch self {
        case .unreadable: "StateUnreadable"
        case .foreign: "WrongIdentity"
        case .system: AgentStatus.Problem.storageFailed
        }
    }

    var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file) is damaged (\(reason)); nothing is started on this directory: rebuild the member"
        case .foreign(let found, let expected):
            "the directory belongs to \(found.kind) member \(found.member) (ordinal \(found.ordinal), incarnation "
                + "\(found.incarnation)) of the group \(found.group), not to \(expected); give this member its own "
                + "directory"
        case .system(let error): "\(error)"
        }
    }
}

/// The files `identity.json` and `promise.json` of a member's directory.
struct DurableState: Sendable {
    let directory: String

    private var identityFile: DurableFile { DurableFile(directory: directory, name: "identity.json") }
    private var promiseFile: DurableFile { DurableFile(directory: directory, name: "promise.json") }

    /// The identity; nil in a new directory.
    func identity() throws(StateError) -> Identity? { try read(Identity.self, identityFile) }

    func write(_ identity: Identity) throws(StateError) { try write(identity, identityFile) }

    /// The promise; nil in a new directory.
    func promise() throws(StateError) -> Promise? { try read(Promise.self, promiseFile) }

    /// The promise of a directory that has an identity.
    ///
    /// A missing file is a lost one: it was there before the identity.
    func keptPromise() throws(StateError) -> Promise {
        guard let promise = try promise() else {
            throw .unreadable(file: "\(directory)/\(promiseFile.name)", reason: "it is missing")
        }
        return promise
    }

    func write(_ promise: Promise) throws(StateError) { try write(promise, promiseFile) }

    private func read<Value: Decodable>(_ type: Value.Type, _ file: DurableFile) throws(StateError) -> Value? {
        let contents: Data?
        do throws(SystemError) {
            contents = try file.read()
        } catch {
            throw .system(error)
        }
        guard let contents else { return nil }
        do {
            return try JSONDecoder().decode(Value.self, from: contents)
        } catch {
            // The file was renamed into place when it was whole: this is no torn write, and no guess may replace it.
            let reason = contents.isEmpty ? "it is empty" : "it is not the JSON of \(Value.self)"
            throw .unreadable(file: "\(directory)/\(file.name)", reason: reason)
        }
    }

    private func write(_ value: some Encodable, _ file: DurableFile) throws(StateError) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try file.write(encoder.encode(value))
        } catch let error as SystemError {
            throw .system(error)
        } catch {
            throw .unreadable(file: file.name, reason: "it cannot be encoded")
        }
    }
}
