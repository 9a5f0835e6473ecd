/// What every object has.
///
/// `managedFields` is dropped while reading: it is often half of an object, and nobody needs it.
public struct ObjectMeta: Hashable, Sendable {
    /// The name; unique among the objects of its kind and namespace at one time.
    public var name = ""
    /// Empty for objects of the whole cluster.
    public var namespace = ""
    /// The beginning of a name that the server completes.
    public var generateName = ""
    /// Who it is: another object of the same name has another one.
    public var uid = ""
    /// Opaque: compared for equality only.
    public var resourceVersion = ""
    /// Grows with every change of `spec`.
    public var generation: Int64 = 0
    /// When it was made.
    public var creationTimestamp: Time?
    /// Set while the object waits for its finalizers.
    public var deletionTimestamp: Time?
    /// How many seconds it has to end in order.
    public var deletionGracePeriodSeconds: Int64?
    /// What it is selected by.
    public var labels: [String: String] = [:]
    /// Notes that nothing is selected by.
    public var annotations: [String: String] = [:]
    /// The objects that it goes with.
    public var ownerReferences: [OwnerReference] = []
    /// Who still has something to do before it may go.
    public var finalizers: [String] = []

    /// Names a new object.
    public init(name: String = "", namespace: String = "") {
        self.name = name
        self.namespace = namespace
    }

    /// True when deletion has been asked for.
    public var isBeingDeleted: Bool { deletionTimestamp != nil }

    /// The owner that controls the object.
    public var controller: OwnerReference? { ownerReferences.first(where: \.isController) }

    /// True when an owner with this uid is named.
    public func isOwned(by uid: String) -> Bool { ownerReferences.contains { $0.uid == uid } }
}

extension ObjectMeta: JSONCodable {
    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": name = try reader.read()
            case "namespace": namespace = try reader.read()
            case "generateName": generateName = try reader.read()
            case "uid": uid = try reader.read()
            case "resourceVersion": resourceVersion = try reader.read()
            case "generation": generation = try reader.read()
            case "creationTimestamp": creationTimestamp = try reader.read()
            case "deletionTimestamp": deletionTimestamp = try reader.read()
            case "deletionGracePeriodSeconds": deletionGracePeriodSeconds = try reader.read()
            case "labels": labels = try reader.read()
            case "annotations": annotations = try reader.read()
            case "ownerReferences": ownerReferences = try reader.read()
            case "finalizers": finalizers = try reader.read()
            default: try reader.skipValue()
            }
        }
    }

    /// Writes it as JSON, in the API's form.
    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.nonEmptyField("name", name)
        writer.nonEmptyField("namespace", namespace)
        writer.nonEmptyField("generateName", generateName)
        writer.nonEmptyField("uid", uid)
        writer.nonEmptyField("resourceVersion", resourceVersion)
        if generation != 0 { writer.field("generation", generation) }
        writer.field("creationTimestamp", creationTimestamp)
        writer.field("deletionTimestamp", deletionTimestamp)
        writer.field("deletionGracePeriodSeconds", deletionGracePeriodSeconds)
        if !labels.isEmpty { writer.field("labels", labels) }
        if !annotations.isEmpty { writer.field("annotations", annotations) }
        if !ownerReferences.isEmpty { writer.field("ownerReferences", ownerReferences) }
        if !finalizers.isEmpty { writer.field("finalizers", finalizers) }
        writer.endObject()
    }
}

/// An object without which this one is garbage.
public struct OwnerReference: Hashable, Sendable, JSONCodable {
    /// The owner's group and version.
    public var apiVersion = ""
    /// The owner's kind.
    public var kind = ""
    /// The owner's name.
    public var name = ""
    /// The owner's uid.
    public var uid = ""
    /// True for the one owner that manages the object.
    public var isController = false
    /// True when the owner, deleted in the foreground, waits for this object.
    public var blocksDeletion = false

    /// Names an owner.
    public init(
        apiVersion: String,
        kind: String,
        name: String,
        uid: String,
        isController: Bool = true,
        blocksDeletion: Bool = true
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.isController = isController
        self.blocksDeletion = blocksDeletion
    }

    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "apiVersion": apiVersion = try reader.read()
            case "kind": kind = try reader.read()
            case "name": name = try reader.read()
            case "uid": uid = try reader.read()
            case "controller": isController = try reader.read(Bool?.self) ?? false
            case "blockOwnerDeletion": blocksDeletion = try reader.read(Bool?.self) ?? false
            default: try reader.skipValue()
            }
        }
    }

    /// Writes it as JSON, in the API's form.
    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("apiVersion", apiVersion)
        writer.field("kind", kind)
        writer.field("name", name)
        writer.field("uid", uid)
        if isController { writer.field("controller", true) }
        if blocksDeletion { writer.field("blockOwnerDeletion", true) }
        writer.endObject()
    }
}

/// Names an object of any kind.
public struct ObjectReference: Hashable, Sendable, JSONCodable {
    /// The object's group and version.
    public var apiVersion = ""
    /// The object's kind.
    public var kind = ""
    /// The object's namespace.
    public var namespace = ""
    /// The object's name.
    public var name = ""
    /// The object's uid.
    public var uid = ""

    /// Names an object.
    public init(apiVersion: String = "", kind: String, namespace: String = "", name: String, uid: String = "") {
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }

    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "apiVersion": apiVersion = try reader.read()
            case "kind": kind = try reader.read()
            case "namespace": namespace = try reader.read()
            case "name": name = try reader.read()
            case "uid": uid = try reader.read()
            default: try reader.skipValue()
            }
        }
    }

    /// Writes it as JSON, in the API's form.
    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.nonEmptyField("apiVersion", apiVersion)
        writer.nonEmptyField("kind", kind)
        writer.nonEmptyField("namespace", namespace)
        writer.nonEmptyField("name", name)
        writer.nonEmptyField("uid", uid)
        writer.endObject()
    }
}
