namespace SyncCluster.Placement;

/// <summary>
/// Which silo owns a job, as this silo sees the cluster. Silos may see it differently for a moment, and for seconds if they miss the gossip of a
/// change: then a job may have an activation on each of two silos. The head of <c>JobGrain</c> says why that is safe.
/// </summary>
internal sealed class JobOwners(IClusterMembershipService membership, ILocalSiloDetails silo, TimeProvider timeProvider)
{
    /// <summary>A silo that has missed the gossip of a change reads the membership table by then.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);

    private View? _view;

    /// <summary>The version of the cluster's membership that this silo goes by.</summary>
    public MembershipVersion Version => GetView().Version;

    /// <summary>From when on all silos see the cluster as this one does, or later: a timestamp.</summary>
    public long SettledAt => GetView().SettledAt;

    /// <summary>The owner: an active silo, or this one if none is known to be active.</summary>
    public GrainAddress AddressOf(GrainId job)
    {
        var view = GetView();
        var index = RendezvousHash.IndexOf(job.GetUniformHashCode(), view.Hashes);
        return new() { GrainId = job, SiloAddress = index < 0 ? silo.SiloAddress : view.Silos[index], MembershipVersion = view.Version };
    }

    /// <summary>Whether this silo owns the job.</summary>
    public bool IsOwnedHere(GrainId job)
    {
        var view = GetView();
        var index = RendezvousHash.IndexOf(job.GetUniformHashCode(), view.Hashes);
        return index < 0 || view.Silos[index].Equals(silo.SiloAddress);
    }

    private View GetView()
    {
        var snapshot = membership.CurrentSnapshot;
        if (Volatile.Read(ref _view) is { } view && view.Version == snapshot.Version)
        {
            return view;
        }

        SiloAddress[] silos = [.. snapshot.Members.Values.Where(member => member.Status == SiloStatus.Active).Select(member => member.SiloAddress)];
        view = new(
            snapshot.Version,
            silos,
            [.. silos.Select(active => active.GetConsistentHashCode())],
            timeProvider.GetTimestamp() + (long)(Settling.TotalSeconds * timeProvider.TimestampFrequency));
        Volatile.Write(ref _view, view);
        return view;
    }

    private sealed record View(MembershipVersion Version, SiloAddress[] Silos, int[] Hashes, long SettledAt);
}
