using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Jobs;
using SyncCluster.Gateway.Problems;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Silo;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.TheEye;

/// <summary>
/// The tasks of TheEye. Its supervisor makes the jobs, and says who may see them: a job is read with the token of whoever asks for it. The answer that
/// this cluster has stored outlives TheEye's document; then its caller and administrators may have it.
/// </summary>
internal sealed partial class TheEyeTasks : ITaskBackend, IDisposable
{
    private const int Kept = 100_000;
    private static readonly TimeSpan MayReadFor = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>Less than this does not do for asking a grain; a timer may also end some milliseconds early.</summary>
    private static readonly TimeSpan LeastTime = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a job that was perhaps not submitted is seen to.</summary>
    private static readonly TimeSpan EndTime = TimeSpan.FromMinutes(2);

    private readonly SupervisorClient _supervisor;
    private readonly TheEyeTokens _tokens;
    private readonly WaiterHub _hub;
    private readonly IGrainFactory _grains;
    private readonly TheEyeOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<TheEyeTasks> _logger;
    private readonly MemoryCache _mayRead;

    public TheEyeTasks(
        SupervisorClient supervisor,
        TheEyeTokens tokens,
        WaiterHub hub,
        IGrainFactory grains,
        IOptions<TheEyeOptions> options,
        TimeProvider timeProvider,
        ILogger<TheEyeTasks> logger)
    {
        _supervisor = supervisor;
        _tokens = tokens;
        _hub = hub;
        _grains = grains;
        _options = options.Value;
        _timeProvider = timeProvider;
        _logger = logger;
        _mayRead = new(new MemoryCacheOptions { SizeLimit = Kept, Clock = new CacheClock(timeProvider) });
    }

    /// <inheritdoc/>
    public bool KnowsSecrets => false;

    /// <inheritdoc/>
    public Task<Problem?> CheckSecretAsync(string customer, string task, string secret, Deadline deadline, CancellationToken gone) =>
        Task.FromResult(_options.ServiceTokens.ContainsKey(customer) ? null : TheEyeProblem.NoServiceToken);

    /// <inheritdoc/>
    public async Task<Allocation> AllocateAsync(TaskCall call, Deadline deadline, CancellationToken gone)
    {
        // It goes on when nobody waits for it any more: a job that was made must be known, to be ended.
        var making = MakeAsync(call);
        var known = false;
        try
        {
            var allocation = await making.WaitAsync(deadline.Remaining, _timeProvider, gone);
            known = true;
            return allocation;
        }
        catch (TimeoutException)
        {
            return new Allocation.Refused(TheEyeProblem.OfCreate(new TheEyeReply.Failed(TheEyeFault.Slow)));
        }
        finally
        {
            if (!known)
            {
                _ = EndWhenMadeAsync(making, call.Token);
            }
        }
    }

    /// <inheritdoc/>
    public void EndUnlessSubmitted(JobSpec spec, string? token) => End(spec, token, async grain => await grain.Attach(null, Reading.Fresh) switch
    {
        JobReply.Pending { Lifecycle: Lifecycle.Syncing } or JobReply.Finished => Fate.SeenTo,

        // Its own caller, who was told to ask for it, may have made it known as a job that somebody else releases, which nobody does.
        JobReply.NotFound or JobReply.Pending => Fate.Left,
        _ => Fate.Unknown,
    });

    /// <inheritdoc/>
    public void EndUnrun(JobSpec spec, string? token) => End(
        spec, token, async grain => await grain.Terminate() == Cancellation.Unavailable ? Fate.Unknown : Fate.Left);

    /// <inheritdoc/>
    public async Task<WaitEnd> AttachAsync(JobRequest request, Deadline deadline, CancellationToken gone)
    {
        var permission = (Secret.KeyOf(request.Token), request.Key);
        if (!_mayRead.TryGetValue(permission, out _))
        {
            var (reply, job) = await ReadAsync(request, gone, deadline);
            if (job is null)
            {
                // The answer that is stored here outlives TheEye's.
                var stored = MayBeStored(reply) && deadline.Remaining > LeastTime
                    ? await _hub.AttachAsync(request.Key, access => request.Caller.IsOn(access.Acl), deadline, gone)
                    : new WaitEnd.NotFound();
                return stored is WaitEnd.NotFound or WaitEnd.Forbidden ? new WaitEnd.Refused(RefusalOf(request, reply)) : stored;
            }

            if (job.Value.End is { } end)
            {
                return new WaitEnd.Finished(Finished(request.Customer, request.Job, end, ((TheEyeReply.Ok)reply).Body));
            }

            using var entry = _mayRead.CreateEntry(permission);
            entry.Size = 1;
            entry.AbsoluteExpirationRelativeToNow = MayReadFor;
        }

        return await _hub.SubmitAsync(
            SpecOf(request.Customer, request.Job, request.Caller, JobOrigin.Elsewhere), request.Token, deadline, gone);
    }

    /// <inheritdoc/>
    public async Task<JobSight> LookAsync(JobRequest request, CancellationToken gone)
    {
        var (reply, job) = await ReadAsync(request, gone);
        if (job is { } seen)
        {
            return new() { Lifecycle = seen.Lifecycle, HasEnded = seen.End is not null, Document = ((TheEyeReply.Ok)reply).Body };
        }

        if (MayBeStored(reply)
            && await _grains.GetGrain<IJobGrain>(request.Key).Attach(null, Reading.Cached) is JobReply.Finished { Job: { Fault: null } stored }
            && request.Caller.IsOn(stored.Access.Acl))
        {
            return new() { Lifecycle = stored.Lifecycle.Word(), HasEnded = true, Document = stored.Document };
        }

        return JobSight.Refused(RefusalOf(request, reply));
    }

    /// <inheritdoc/>
    public async Task<Problem?> CancelAsync(JobRequest request, JobSight seen, CancellationToken gone)
    {
        if (seen.HasEnded)
        {
            return JobEndpoints.HasEnded(request.Customer, request.Job);
        }

        var reply = await _supervisor.EndAsync(request.Customer, request.Job, request.Token, gone);
        if (reply is not TheEyeReply.Ok)
        {
            return RefusalOf(request, reply) with { JobId = request.Job, Location = JobAddress.Of(request.Customer, request.Job, default) };
        }

        // Whoever waits for it shall not have to wait until TheEye is asked again.
        _grains.GetGrain<IJobGrain>(request.Key).Attach(null, Reading.Fresh).Ignore();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _mayRead.Dispose();

    private async Task<Allocation> MakeAsync(TaskCall call)
    {
        var reply = await _supervisor.CreateAsync(
            call.Customer, call.Task, call.Secret, call.Token, SyncingBody.Of(call.Arguments), CancellationToken.None);
        if (reply is not TheEyeReply.Ok ok || ok.ToJob() is not { } job)
        {
            return new Allocation.Refused(RefusalOf(call, reply));
        }

        return job.End is { } end
            ? new Allocation.Ended(job.Id, Finished(call.Customer, job.Id, end, ok.Body))
            : new Allocation.Allocated(SpecOf(call.Customer, job.Id, call.Caller, job.IsSyncing ? JobOrigin.Allocated : JobOrigin.Elsewhere) with
            {
                TaskId = call.Task,
                SecretHash = call.JobSecretHash,
            })
            {
                Document = ok.Body,
            };
    }

    private async Task EndWhenMadeAsync(Task<Allocation> making, string? token)
    {
        if (await making is Allocation.Allocated { Spec: var spec })
        {
            EndUnlessSubmitted(spec, token);
        }
    }

    private async Task<(TheEyeReply Reply, TheEyeJob? Job)> ReadAsync(JobRequest request, CancellationToken gone, Deadline? deadline = null)
    {
        TheEyeReply reply;
        try
        {
            reply = await _supervisor.JobAsync(request.Customer, request.Job, request.Token, gone)
                .WaitAsync(deadline?.Remaining ?? Timeout.InfiniteTimeSpan, _timeProvider, gone);
        }
        catch (TimeoutException)
        {
            reply = new TheEyeReply.Failed(TheEyeFault.Slow);
        }

        return (reply, reply is TheEyeReply.Ok ok && ok.ToJob() is { } job && job.Id == request.Job ? job : null);
    }

    /// <summary>Whether the answer that is stored here may be given instead: TheEye knows the job no more, or can't be asked.</summary>
    private static bool MayBeStored(TheEyeReply reply) => reply is TheEyeReply.Failed or TheEyeReply.Refused { Status: StatusCodes.Status404NotFound };

    private void End(JobSpec spec, string? token, Func<IJobGrain, Task<Fate>> ask)
    {
        if (spec.Origin == JobOrigin.Allocated)
        {
            _ = Task.Run(() => EndAsync(spec, token, ask));
        }
    }

    /// <summary>A job that was made is ended at TheEye, once it is certain that no submit will release it any more, unless its grain sees to it.</summary>
    private async Task EndAsync(JobSpec spec, string? token, Func<IJobGrain, Task<Fate>> ask)
    {
        string?[] tokens = [token, _options.ServiceTokens.GetValueOrDefault(spec.Customer)];
        var limit = new Deadline(_timeProvider, EndTime);
        await Task.Delay(WaiterHub.SubmitValidity + FirstPause, _timeProvider);
        for (var backoff = new Backoff(FirstPause, LongestPause); limit.Remaining > TimeSpan.Zero;)
        {
            try
            {
                var fate = await ask(_grains.GetGrain<IJobGrain>(JobKey.Of(spec.Customer, spec.JobId)));
                if (fate == Fate.SeenTo)
                {
                    return;
                }

                foreach (var known in fate == Fate.Left ? tokens.OfType<string>() : [])
                {
                    if (await _supervisor.EndAsync(spec.Customer, spec.JobId, known, CancellationToken.None) is TheEyeReply.Ok or TheEyeReply.Refused { Status: 404 })
                    {
                        return;
                    }
                }
            }
            catch (Exception fault)
            {
                LogAskedInVain(fault, spec.JobId);
            }

            await Task.Delay(backoff.Next(), _timeProvider);
        }

        LogLeft(spec.JobId);
    }

    private Problem RefusalOf(TaskCall call, TheEyeReply reply)
    {
        if (call.Token is not null && reply is TheEyeReply.Refused { Status: StatusCodes.Status401Unauthorized })
        {
            _tokens.Forget(call.Token);
        }

        return TheEyeProblem.OfCreate(reply);
    }

    private Problem RefusalOf(JobRequest request, TheEyeReply reply)
    {
        if (reply is TheEyeReply.Refused { Status: StatusCodes.Status401Unauthorized })
        {
            _tokens.Forget(request.Token);
        }

        return TheEyeProblem.OfJob(reply);
    }

    private JobSpec SpecOf(string customer, string job, Caller? caller, JobOrigin origin) => new()
    {
        JobId = job,
        Customer = customer,
        TaskId = "",
        TaskName = "",
        Type = TaskType.Script,

        // TheEye has them.
        Arguments = "[]"u8.ToArray(),
        User = caller?.User ?? new JobUser("secret", ""),
        Acl = [caller?.Email is { Length: > 0 } email ? email : nameof(Credential.Admin)],
        CreatedAt = _timeProvider.GetUtcNow(),
        Origin = origin,
    };

    private static FinishedJob Finished(string customer, string job, (Lifecycle Lifecycle, JobState State) end, byte[] document) =>
        new(JobKey.Of(customer, job), end.Lifecycle, end.State, document, new JobAccess([], true, null));

    /// <summary>What the job's grain says of a job that was perhaps not submitted.</summary>
    private enum Fate
    {
        /// <summary>It will be released, or was.</summary>
        SeenTo,

        /// <summary>Nobody releases it.</summary>
        Left,

        Unknown,
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}: it can't be found out yet whether it was submitted.")]
    private partial void LogAskedInVain(Exception fault, string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} was made at TheEye but perhaps never released: cancel it there if it stays syncing.")]
    private partial void LogLeft(string job);
}
