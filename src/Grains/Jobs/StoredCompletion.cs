namespace SyncCluster.Jobs;

/// <summary>
/// Stores the end of a job without its grain, when all silos stop and none can have the grain any more. It is the same compare-and-swap that the grain
/// does, so neither can overwrite the other. Nothing is pushed: gateways find the end when a silo is there again.
/// </summary>
internal sealed class StoredCompletion(JobStorage storage, TimeProvider timeProvider)
{
    /// <inheritdoc cref="IJobGrain.Complete"/>
    /// <param name="job">The job.</param>
    /// <param name="run">The run.</param>
    /// <param name="outcome">The end.</param>
    public async Task<Completion> CompleteAsync(IJobGrain job, Guid run, JobOutcome outcome)
    {
        var store = new JobStore(job.GetGrainId(), storage);
        if (!await store.LoadAsync())
        {
            return Completion.Retry;
        }

        if (store.Record is not { HasEnded: false } record || record.Run != run)
        {
            return Completion.AlreadyFinished;
        }

        return await store.CommitAsync(record, record.Ended(outcome, timeProvider.GetUtcNow())) switch
        {
            WriteOutcome.Applied => Completion.Accepted,
            WriteOutcome.Superseded => Completion.AlreadyFinished,
            _ => Completion.Retry,
        };
    }
}
