namespace SyncCluster;

/// <summary>Questions to the cluster membership.</summary>
internal static class MembershipExtensions
{
    /// <summary>Whether there is a silo that can have new activations of grains, this one included.</summary>
    public static bool HasActiveSilo(this IClusterMembershipService membership) =>
        membership.CurrentSnapshot.Members.Values.Any(member => member.Status == SiloStatus.Active);

    /// <summary>Whether there is an active silo besides this one.</summary>
    public static bool HasOtherActiveSilo(this IClusterMembershipService membership, SiloAddress silo) =>
        membership.CurrentSnapshot.Members.Values.Any(member => member.Status == SiloStatus.Active && !member.SiloAddress.Equals(silo));

    /// <summary>Whether a silo leaves the cluster: it gets no new grains, and has others until it has left.</summary>
    public static bool IsLeaving(this SiloStatus status) => status is SiloStatus.ShuttingDown or SiloStatus.Stopping;
}
