namespace SyncCluster.Execution;

/// <summary>
/// The types of the grain services, as in version 0.1, where Orleans derived them from the names that the interfaces had then. Silos of two versions
/// can call each other during an upgrade only if both use the same type.
/// </summary>
internal static class GrainServiceTypes
{
    public static GrainType Runner { get; } = GrainType.Create("sys.svc.user.620F42D2");

    public static GrainType SiloInventory { get; } = GrainType.Create("sys.svc.user.8FFAB1C8");

    /// <summary>Silos of version 0.1 have none.</summary>
    public static GrainType JobDoor { get; } = GrainType.Create("sys.svc.user.sync.door");

    /// <summary>Silos of version 0.1 have none.</summary>
    public static GrainType SiloOperator { get; } = GrainType.Create("sys.svc.user.sync.operator");

    /// <summary>Silos of version 0.1 have none.</summary>
    public static GrainType TaskRevisions { get; } = GrainType.Create("sys.svc.user.sync.revisions");
}
