using System.Collections.Immutable;
using SyncCluster.Placement;

namespace SyncCluster.Harness;

/// <summary>The cluster as one silo's <see cref="JobOwners"/> sees it: a test has the silo miss that another one is there.</summary>
internal sealed class MembershipView(IClusterMembershipService membership) : IClusterMembershipService
{
    private volatile Predicate<SiloAddress> _isMissed = _ => false;
    private int _changes;

    /// <inheritdoc/>
    public ClusterMembershipSnapshot CurrentSnapshot
    {
        get
        {
            var version = Volatile.Read(ref _changes);
            var (actual, isMissed) = (membership.CurrentSnapshot, _isMissed);
            var members = actual.Members.Where(member => !isMissed(member.Key)).ToImmutableDictionary();
            return new(members, new((actual.Version.Value << 16) + version));
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => membership.MembershipUpdates;

    /// <summary>From now on this silo does not know another one; null: it knows all.</summary>
    public void Miss(SiloAddress? silo) => Change(address => address.Equals(silo));

    /// <summary>From now on this silo knows one only.</summary>
    public void MissAllBut(SiloAddress silo) => Change(address => !address.Equals(silo));

    /// <summary>From now on this silo knows none.</summary>
    public void MissAll() => Change(_ => true);

    private void Change(Predicate<SiloAddress> isMissed)
    {
        _isMissed = isMissed;
        Interlocked.Increment(ref _changes);
    }

    /// <inheritdoc/>
    public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default) =>
        membership.Refresh(minimumVersion, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> TryKill(SiloAddress siloAddress) => membership.TryKill(siloAddress);
}
