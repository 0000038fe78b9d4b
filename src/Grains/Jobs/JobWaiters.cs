namespace SyncCluster.Jobs;

/// <summary>
/// Who waits for a job that is canceled when the client of its last waiter disconnects. It is stored with the job, so that an activation which takes
/// the job over knows whom it does not know yet.
/// </summary>
/// <param name="Counter">The activation that counts the waiters. No other one may cancel the job because of a disconnect.</param>
/// <param name="Gateways">The observers of all gateways that have ever waited for the job.</param>
[GenerateSerializer, Immutable, Alias("sync.job.waiters")]
public sealed record JobWaiters([property: Id(0)] Guid Counter, [property: Id(1)] GrainId[] Gateways)
{
    /// <summary>The same waiters and a gateway, counted by an activation.</summary>
    public JobWaiters CountedBy(Guid counter, GrainId gateway) => new(counter, Gateways.Contains(gateway) ? Gateways : [.. Gateways, gateway]);

    /// <inheritdoc/>
    public bool Equals(JobWaiters? other) => other is not null && Counter == other.Counter && Gateways.AsSpan().SequenceEqual(other.Gateways);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Counter, Gateways.Length);
}
