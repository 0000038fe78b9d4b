using Orleans.Storage;

namespace SyncCluster.Jobs.Listing;

/// <summary>Reads the records of jobs that the index names.</summary>
internal sealed class JobReader(IGrainStorage storage, IGrainFactory grains, IClusterMembershipService membership)
{
    /// <summary>The job's record; null if there is none. A job whose runner is gone is resolved before (I9).</summary>
    /// <exception cref="Exception">The storage can't be reached.</exception>
    public async Task<JobRecord?> ReadAsync(string customer, string jobId)
    {
        var job = grains.GetJob(JobKey.Of(customer, jobId));
        var record = await ReadAsync(job.GetGrainId());
        if (record is { HasEnded: false, Runner: { } runner } && !IsAlive(runner))
        {
            try
            {
                await job.Attach(null, Reading.Fresh);
            }
            catch (Exception fault) when (fault is OrleansException or TimeoutException)
            {
                // The cluster has not replaced the silo yet: the record still says what is known.
            }

            record = await ReadAsync(job.GetGrainId());
        }

        return record;
    }

    private async Task<JobRecord?> ReadAsync(GrainId job)
    {
        var state = new GrainState<JobRecord?>();
        await storage.ReadStateAsync(JobStore.StateName, job, state);
        return state.RecordExists ? state.State : null;
    }

    private bool IsAlive(SiloAddress silo) => membership.CurrentSnapshot.GetSiloStatus(silo) is not (SiloStatus.Dead or SiloStatus.None);
}
