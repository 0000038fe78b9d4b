using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>What becomes of a job that waits on a silo that stops: it has started nothing, and another silo takes it over, if there is one.</summary>
internal sealed partial class QueueHandover(
    IGrainFactory grains,
    ILocalSiloDetails silo,
    IClusterMembershipService membership,
    IOptions<LocalExecutorOptions> options,
    TimeProvider timeProvider,
    ILogger<QueueHandover> logger)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>Hands a job over that this silo says it does not hold.</summary>
    public async Task RunAsync(QueuedJob ticket)
    {
        var job = grains.GetJob(ticket.Key);
        if (!membership.HasOtherActiveSilo(silo.SiloAddress))
        {
            if (options.Value.JobsEndWithTheProcess)
            {
                await EndUnrunAsync(ticket, job);
            }

            return;
        }

        // Whoever asks for the job has it taken over by its grain, once that is in the memory of another silo.
        var (isAnswered, _) = await Insistence.AskForAsync(
            () => job.Attach(null, Reading.Fresh),
            reply => reply is not JobReply.Unavailable,
            fault => LogAskedInVain(fault, ticket.Spec.JobId),
            new Backoff(FirstPause, LongestPause),
            timeProvider,
            Limit);
        if (!isAnswered)
        {
            LogNotHandedOver(ticket.Spec.JobId);
        }
    }

    /// <summary>Nobody will ever run it: who waits for it is told so, and may call again.</summary>
    private async Task EndUnrunAsync(QueuedJob ticket, IJobGrain job)
    {
        var run = Guid.NewGuid();
        try
        {
            if (await job.Assign(ticket.Attempt, run, silo.SiloAddress) == Assignment.Granted)
            {
                await job.Complete(run, ServerOutcomes.NotRun("The server was stopped before the job's turn came. Nothing was run: call the task again."));
            }
        }
        catch (Exception fault)
        {
            LogAskedInVain(fault, ticket.Spec.JobId);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} could not be handed over to another silo: it runs when somebody asks for it.")]
    private partial void LogNotHandedOver(string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job}: a call to its grain failed and will be repeated.")]
    private partial void LogAskedInVain(Exception fault, string job);
}
