using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;
using SyncCluster.Scripts;
using SyncCluster.Tasks;
using SyncCluster.Telemetry;

namespace SyncCluster.Execution.Local;

/// <summary>
/// Runs a job: reads its script, has the job's grain move the record from <c>ready</c> to <c>assigned</c> immediately before the start, runs the
/// script, and repeats the report of its end until the grain has acknowledged it. Once the job is assigned, only its run may end it. So an end is
/// reported even if the server itself fails at the run.
/// </summary>
internal sealed partial class JobRunner
{
    /// <summary>So often the storage is asked to take an end that no grain can take any more. Then the job is left as one that its server has lost.</summary>
    private const int StoreTries = 3;

    private const string ServerFailed = "The server failed while it ran the job. Its script may have run, in part or to its end. It was not run again.";

    private static readonly StopReason ServerStopped =
        StopReason.Failure("The server was stopped while the script ran. The script may have run in part. It was not run again.");

    private readonly IGrainFactory _grains;
    private readonly ILocalSiloDetails _silo;
    private readonly ScriptRunner _scripts;
    private readonly CustomerUsers _users;
    private readonly IClusterMembershipService _membership;
    private readonly StoredCompletion _storedCompletion;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<JobRunner> _logger;
    private readonly ServerMetrics _metrics;
    private readonly JobEvents _events;
    private readonly RetryPipeline _retries;
    private int _runningScripts;

    public JobRunner(
        IGrainFactory grains,
        ILocalSiloDetails silo,
        ScriptRunner scripts,
        CustomerUsers users,
        IClusterMembershipService membership,
        StoredCompletion storedCompletion,
        ServerMetrics metrics,
        JobEvents events,
        TimeProvider timeProvider,
        ILogger<JobRunner> logger)
    {
        _grains = grains;
        _silo = silo;
        _scripts = scripts;
        _users = users;
        _membership = membership;
        _storedCompletion = storedCompletion;
        _metrics = metrics;
        _events = events;
        _timeProvider = timeProvider;
        _logger = logger;
        _retries = new(RetryPolicy.Runner, timeProvider, LogCallFailed);
    }

    /// <summary>How many scripts run.</summary>
    public int RunningScripts => Volatile.Read(ref _runningScripts);

    /// <summary>Runs a job and reports its end. Does nothing if the job's grain does not assign it to this run.</summary>
    /// <param name="job">The job.</param>
    /// <param name="drain">Canceled when no more jobs may start.</param>
    /// <param name="kill">Canceled when running scripts must be killed.</param>
    /// <exception cref="OperationCanceledException"><paramref name="drain"/> was canceled before the job was assigned. No script ran.</exception>
    public async Task RunAsync(QueuedJob job, CancellationToken drain, CancellationToken kill)
    {
        var spec = job.Spec;
        using var scope = _events.BeginScope(spec);
        var grain = _grains.GetJob(job.Key);
        var task = _grains.GetGrainByKey<ITaskGrain>(TaskKey.Of(spec.Customer, spec.TaskId));
        var (token, run) = JobToken.New(spec.JobId);

        // The script is read first: a job that is assigned must not wait for anything but its run.
        var script = await _retries.ExecuteAsync(spec.JobId, () => task.GetScript(spec.ScriptDigest!), _ => true, drain);
        var assignment = await _retries.ExecuteAsync(
            spec.JobId, () => grain.Assign(job.Attempt, run, _silo.SiloAddress), answer => answer != Assignment.Retry, drain);
        if (assignment != Assignment.Granted)
        {
            LogNotAssigned(spec.JobId, assignment, job.Attempt);
            return;
        }

        var queued = _timeProvider.GetElapsedTime(job.Since);
        _metrics.JobAssigned(queued);
        ServerTraces.Add("queue job", spec, queued);
        var outcome = script is null
            ? ServerOutcomes.NotRun("The task was deleted, or updated many times, before the job could run.")
            : await RunScriptAsync(job, script, token, kill);
        await ReportAsync(spec, grain, run, outcome);
    }

    /// <summary>Reports the end to the job's grain until it is acknowledged. Where no silo can have the grain any more, stores the end itself.</summary>
    private async Task ReportAsync(JobSpec spec, IJobGrain grain, Guid run, JobOutcome outcome)
    {
        var failed = 0;
        var completion = await _retries.ExecuteAsync(
            spec.JobId,
            () => _membership.HasActiveSilo() ? grain.Complete(run, outcome) : _storedCompletion.CompleteAsync(grain, run, outcome),
            answer => answer != Completion.Retry || (!_membership.HasActiveSilo() && ++failed == StoreTries),
            CancellationToken.None);
        if (completion == Completion.Retry)
        {
            LogEndNotStored(spec.JobId);
        }
        else
        {
            LogReported(spec.JobId, completion);
        }
    }

    private async Task<JobOutcome> RunScriptAsync(QueuedJob job, byte[] script, string token, CancellationToken kill)
    {
        Interlocked.Increment(ref _runningScripts);
        using var span = ServerTraces.Start("run script", job.Spec);
        try
        {
            var outcome = await ExecuteAsync(job, script, token, kill);
            span?.SetTag(ServerTraces.StateTag, outcome.State.WireName());
            return outcome;
        }
        catch (Exception fault)
        {
            span?.SetStatus(ActivityStatusCode.Error);
            LogRunFailed(fault, job.Spec.JobId);
            return ServerOutcomes.NotRun(ServerFailed);
        }
        finally
        {
            Interlocked.Decrement(ref _runningScripts);
        }
    }

    private async Task<JobOutcome> ExecuteAsync(QueuedJob job, byte[] script, string token, CancellationToken kill)
    {
        var spec = job.Spec;
        if (!_users.TryFind(spec.Customer, out var user))
        {
            return ServerOutcomes.NotRun("This server has no user for the scripts of this customer: LocalExecutor:Users names none.");
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(kill, job.Cancellation.Token);
        var run = await _scripts.RunAsync(
            new ScriptCommand
            {
                JobId = spec.JobId,
                Runas = spec.Runas,
                Filename = spec.Filename!,
                Script = script,
                Arguments = TaskArguments.ForScript(spec.Arguments),
                Environment = JobEnvironment.Of(spec, token, _timeProvider.GetUtcNow(), TimeProvider.System.GetUtcNow()),
                Timeout = spec.Timeout,
                User = user,
                Limits = spec.Limits is { } limits ? new() { FileSize = limits.FileSize, Data = limits.Data, Cpu = limits.Cpu } : null,
                JobLimits = spec.Limits is { Memory: not null } or { Processes: not null }
                    ? new() { Memory = spec.Limits.Memory, Processes = spec.Limits.Processes }
                    : null,
                Started = log => job.Log = log,
            },
            stop.Token);
        return OutcomeReader.Read(run, spec, job.Cancellation.IsCancellationRequested ? StopReason.Canceled : ServerStopped);
    }
}
