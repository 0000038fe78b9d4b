namespace SyncCluster.Jobs;

/// <summary>How to get a job's grain, and what code other than a gateway asks it.</summary>
public static class JobGrainExtensions
{
    /// <summary>The grain of a job.</summary>
    /// <param name="grains">The grain factory of the silo or the client.</param>
    /// <param name="key">The job's <see cref="JobKey"/>.</param>
    public static IJobGrain GetJob(this IGrainFactory grains, string key) => grains.GetGrainByKey<IJobGrain>(key);

    /// <summary>Whether the job has ended or does not exist. False if its grain does not know, since storage can't be reached.</summary>
    public static async Task<bool> HasEndedAsync(this IJobGrain job) =>
        await job.Attach(null, Reading.Cached) is JobReply.Finished or JobReply.NotFound;

    /// <summary>Reports that an external system, which runs the job without an assignment of this cluster, has ended it.</summary>
    /// <remarks>Sent as the report of no run: the grain may be on a silo of version 0.1, which knows no other message for it.</remarks>
    public static Task<Completion> CompleteExternal(this IJobGrain job, JobOutcome outcome) => job.Complete(JobRecord.NoRun, outcome);
}
