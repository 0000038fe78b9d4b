namespace SyncCluster.Placement;

/// <summary>
/// Which silo owns a job, as this silo sees the cluster. Silos may see it differently for a moment, and for seconds if they miss the gossip of a
/// change: then a job may have an activation on each of two silos. The head of <c>JobGrain</c> says why that is safe.
/// </summary>
internal sealed class JobOwners(IClusterMembershipService membership, ILocalSiloDetails silo, TimeProvider timeProvider)
{
    /// <summary>A silo that has missed the gossip of a change reads the membership table by then.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);

    /// <summary>For how long a state counts as read while the silos see the cluster the same way.</summary>
    private static readonly TimeSpan ReadAgeLimit = TimeSpan.FromSeconds(60);

    /// <summary>For how long if they may not.</summary>
    private static readonly TimeSpan UnsettledReadAgeLimit = TimeSpan.FromSeconds(1);

    private View? _view;

    /// <summary>Marks a read that begins now: a change of the membership during the read makes it stale.</summary>
    public ReadMark Mark() => new(timeProvider.GetTimestamp(), GetView().Version);

    /// <summary>
    /// Whether another activation of the grain may have changed since what was read: the membership has changed, or all silos have seen that only by now, or a
    /// minute has passed (I7).
    /// </summary>
    /// <param name="read">The read's mark.</param>
    public bool IsStale(ReadMark read)
    {
        var (view, now) = (GetView(), timeProvider.GetTimestamp());
        return view.Version != read.Version || timeProvider.GetElapsedTime(read.At, now) > ReadAgeLimit || (read.At < view.SettledAt && view.SettledAt <= now);
    }

    /// <summary>As <see cref="IsStale"/>, and each second until all silos have seen the membership change: for grains of which that activation may stay.</summary>
    /// <param name="read">The read's mark.</param>
    public bool IsOutdated(ReadMark read) =>
        IsStale(read) || (timeProvider.GetTimestamp() < GetView().SettledAt && timeProvider.GetElapsedTime(read.At) > UnsettledReadAgeLimit);

    /// <summary>
    /// Whether a silo has begun or ended to leave the cluster, or has died, less than a time ago, as this silo has seen it: what it had in memory may not have
    /// been found again.
    /// A silo that has just joined does not know when others have died, so it takes that to be now.
    /// </summary>
    /// <param name="ago">The time.</param>
    public bool HasLostSilo(TimeSpan ago) => GetView().LostAt is { } lostAt && timeProvider.GetElapsedTime(lostAt) < ago;

    /// <summary>Notes a change of the membership now, if there is one, and not only when it is asked about.</summary>
    public void Update() => GetView();

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
        var before = Volatile.Read(ref _view);
        if (before?.Version == snapshot.Version)
        {
            return before;
        }

        var now = timeProvider.GetTimestamp();
        SiloAddress[] silos = [.. snapshot.Members.Values.Where(member => member.Status == SiloStatus.Active).Select(member => member.SiloAddress)];
        SiloAddress[] leaving = [.. snapshot.Members.Values.Where(member => member.Status.IsLeaving()).Select(member => member.SiloAddress)];
        var hasLostSilo = before is { Silos.Length: > 0 }
            ? before.Silos.Except(silos).Any() || before.Leaving.Except(leaving).Any()
            : snapshot.Members.Values.Any(member => member.Status == SiloStatus.Dead);
        var view = new View(
            snapshot.Version,
            silos,
            leaving,
            [.. silos.Select(active => active.GetConsistentHashCode())],
            SettledAt: now + (long)(Settling.TotalSeconds * timeProvider.TimestampFrequency),
            LostAt: hasLostSilo ? now : before?.LostAt);
        Volatile.Write(ref _view, view);
        return view;
    }

    private sealed record View(MembershipVersion Version, SiloAddress[] Silos, SiloAddress[] Leaving, int[] Hashes, long SettledAt, long? LostAt);
}
