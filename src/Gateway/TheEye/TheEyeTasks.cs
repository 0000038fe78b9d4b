using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Jobs;
using SyncCluster.Gateway.Problems;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Silo;
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

    /// <summary>How long a job that was perhaps not submitted is seen to.</summary>
    private static readonly TimeSpan AbandonTime = TimeSpan.FromMinutes(2);

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
    public Task<Problem?> CheckSecretAsync(string customer, string task, string secret, Deadline deadline, CancellationToken gone) =>
        Task.FromResult(_options.ServiceTokens.ContainsKey(customer) ? null : TheEyeProblem.NoServiceToken);

    /// <inheritdoc/>
    public async Task<Allocation> AllocateAsync(TaskCall call, Deadline deadline, CancellationToken gone)
    {
        // Not given up when the client goes: a job that was made must be known, to be ended.
        using var limit = new CancellationTokenSource(deadline.Remaining, _timeProvider);
        TheEyeReply reply;
        try
        {
            reply = await _supervisor.CreateAsync(call.Customer, call.Task, call.Secret, call.Token, SyncingBody.Of(call.Arguments), limit.Token);
        }
        catch (OperationCanceledException)
        {
            reply = new TheEyeReply.Failed(TheEyeFault.Slow);
        }

        if (reply is not TheEyeReply.Ok ok || DocumentParts.Find(ok.Body)?.ToJob() is not { } job)
        {
            return new Allocation.Refused(RefusalOf(call, reply));
        }

        if (job.End is { } end)
        {
            return new Allocation.Ended(job.Id, Finished(call.Customer, job.Id, end, ok.Body));
        }

        var spec = SpecOf(call.Customer, job.Id, call.Caller, job.IsSyncing ? JobOrigin.Allocated : JobOrigin.Elsewhere) with
        {
            TaskId = call.Task,
            SecretHash = call.JobSecretHash,
        };
        if (gone.IsCancellationRequested)
        {
            Abandon(spec, call.Token);
            gone.ThrowIfCancellationRequested();
        }

        return new Allocation.Allocated(spec);
    }

    /// <inheritdoc/>
    public void Abandon(JobSpec spec, string? token)
    {
        if (spec.Origin == JobOrigin.Allocated && (token ?? _options.ServiceTokens.GetValueOrDefault(spec.Customer)) is { } known)
        {
            _ = Task.Run(() => EndUnlessSubmittedAsync(spec, known));
        }
    }

    /// <inheritdoc/>
    public async Task<WaitEnd> AttachAsync(JobRequest request, Deadline deadline, CancellationToken gone)
    {
        var permission = (Convert.ToHexString(Secret.Hash(request.Token)), request.Key);
        if (!_mayRead.TryGetValue(permission, out _))
        {
            var (reply, job) = await ReadAsync(request, gone);
            if (job is null)
            {
                // The answer that is stored here outlives TheEye's.
                var stored = reply is TheEyeReply.Refused { Status: not StatusCodes.Status404NotFound }
                    ? new WaitEnd.NotFound()
                    : await _hub.AttachAsync(request.Key, access => request.Caller.IsOn(access.Acl), deadline, gone);
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

        if (reply is not TheEyeReply.Refused { Status: not StatusCodes.Status404NotFound }
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
            return RefusalOf(request, reply);
        }

        // Whoever waits for it shall not have to wait until TheEye is asked again.
        _grains.GetGrain<IJobGrain>(request.Key).Attach(null, Reading.Fresh).Ignore();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _mayRead.Dispose();

    private async Task<(TheEyeReply Reply, TheEyeJob? Job)> ReadAsync(JobRequest request, CancellationToken gone)
    {
        var reply = await _supervisor.JobAsync(request.Customer, request.Job, request.Token, gone);
        return (reply, reply is TheEyeReply.Ok ok && DocumentParts.Find(ok.Body)?.ToJob() is { } job && job.Id == request.Job ? job : null);
    }

    /// <summary>A job that was made and that no grain is to release is ended, once it is certain that none will.</summary>
    private async Task EndUnlessSubmittedAsync(JobSpec spec, string token)
    {
        var limit = new Deadline(_timeProvider, AbandonTime);
        await Task.Delay(WaiterHub.SubmitValidity + FirstPause, _timeProvider);
        for (var backoff = new Backoff(FirstPause, LongestPause); limit.Remaining > TimeSpan.Zero;)
        {
            try
            {
                switch (await _grains.GetGrain<IJobGrain>(JobKey.Of(spec.Customer, spec.JobId)).Attach(null, Reading.Fresh))
                {
                    case JobReply.Pending { Lifecycle: Lifecycle.Syncing } or JobReply.Finished:
                        return;

                    // Its own caller, who was told to ask for it, may have made it known as a job that somebody else releases, which nobody does.
                    case JobReply.NotFound or JobReply.Pending
                        when await _supervisor.EndAsync(spec.Customer, spec.JobId, token, CancellationToken.None) is not TheEyeReply.Failed:
                        return;
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
        Arguments = [],
        User = caller?.User ?? new JobUser("secret", ""),
        Acl = [caller?.Email is { Length: > 0 } email ? email : nameof(Credential.Admin)],
        CreatedAt = _timeProvider.GetUtcNow(),
        Origin = origin,
    };

    private static FinishedJob Finished(string customer, string job, (Lifecycle Lifecycle, JobState State) end, byte[] document) =>
        new(JobKey.Of(customer, job), end.Lifecycle, end.State, document, new JobAccess([], true, null));

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}: it can't be found out yet whether it was submitted.")]
    private partial void LogAskedInVain(Exception fault, string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} was made at TheEye but perhaps never released: cancel it there if it stays syncing.")]
    private partial void LogLeft(string job);
}
