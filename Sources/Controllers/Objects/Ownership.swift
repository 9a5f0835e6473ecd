public import KubernetesModel

/// Whether an object may be written on behalf of an owner.
public enum Ownership: Hashable, Sendable {
    /// The owner controls it.
    case ours
    /// Nobody controls it: it was there before, or a person made it.
    case unowned
    /// Another object controls it, possibly a former one of the same name.
    case foreign(OwnerReference)

    /// Looks who controls the object.
    public init(of object: ObjectMeta, by uid: String) {
        switch object.controller {
        case nil: self = .unowned
        case let controller? where controller.uid == uid: self = .ours
        case let controller?: self = .foreign(controller)
        }
    }
}
