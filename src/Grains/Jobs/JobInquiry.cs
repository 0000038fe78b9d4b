namespace SyncCluster.Jobs;

/// <summary>What others ask of a job than those who wait for it.</summary>
internal static class JobInquiry
{
    /// <summary>Whether a job has ended or is gone, as its grain says. Of one whose grain can't say so now it is not known: false.</summary>
    /// <param name="job">The job.</param>
    /// <param name="failed">Told why its grain can't say.</param>
    public static async Task<bool> HasEndedAsync(this IJobGrain job, Action<Exception> failed)
    {
        try
        {
            return await job.Attach(null, Reading.Cached) is JobReply.Finished or JobReply.NotFound;
        }
        catch (Exception fault)
        {
            failed(fault);
            return false;
        }
    }
}
