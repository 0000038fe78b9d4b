using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>What becomes of a job that waits on a silo that stops: it has started nothing, and another silo takes it over, if there is one.</summary>
internal sealed partial class QueueHandover
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly IGrainFactory _grains;
    private readonly ILocalSiloDetails _silo;
    private readonly IClusterMembershipService _membership;
    private readonly LocalExecutorOptions _options;
    private readonly RetryPipeline _retries;
    private readonly ILogger<QueueHandover> _logger;

    public QueueHandover(
        IGrainFactory grains,
        ILocalSiloDetails silo,
        IClusterMembershipService membership,
        IOptions<LocalExecutorOptions> options,
        TimeProvider timeProvider,
        ILogger<QueueHandover> logger)
    {
        _grains = grains;
        _silo = silo;
        _membership = membership;
        _options = options.Value;
        _retries = new(RetryPolicy.Runner, timeProvider, LogAskedInVain);
        _logger = logger;
    }

    /// <summary>Hands a job over that this silo says it does not hold.</summary>
    public async Task RunAsync(QueuedJob ticket)
    {
        var job = _grains.GetJob(ticket.Key);
        if (!_membership.HasOtherActiveSilo(_silo.SiloAddress))
        {
            if (_options.JobsEndWithTheProcess)
            {
                await EndUnrunAsync(ticket, job);
            }

            return;
        }

        // Whoever asks for the job has it taken over by its grain, once that is in the memory of another silo.
        var (isAnswered, _) = await _retries.ExecuteAsync(
            ticket.Spec.JobId, () => job.Attach(null, Reading.Fresh), reply => reply is not JobReply.Unavailable, Limit);
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
            if (await job.Assign(ticket.Attempt, run, _silo.SiloAddress) == Assignment.Granted)
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
