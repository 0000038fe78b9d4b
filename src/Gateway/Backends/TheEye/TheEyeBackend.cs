using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Jobs;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>
/// The tasks of TheEye. Its supervisor makes the jobs, and says who may see them: a job is read with the token of whoever asks for it. The answer that
/// this cluster has stored outlives TheEye's document; then its caller and administrators may have it.
/// </summary>
internal sealed partial class TheEyeBackend : ITaskBackend, IDisposable
{
    private const int Kept = 100_000;
    private static readonly TimeSpan MayReadFor = TimeSpan.FromSeconds(30);

    /// <summary>Less than this does not do for asking a grain; a timer may also end some milliseconds early.</summary>
    private static readonly TimeSpan LeastTime = TimeSpan.FromMilliseconds(100);

    private readonly SupervisorClient _supervisor;
    private readonly TheEyeTokenValidator _tokens;
    private readonly WaiterHub _hub;
    private readonly IGrainFactory _grains;
    private readonly TheEyeOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly WaitingOptions _waiting;
    private readonly UnreleasedJobCleanup _unsubmitted;
    private readonly ILogger<TheEyeBackend> _logger;
    private readonly RetryPipeline _lookups;
    private readonly MemoryCache _mayRead;

    public TheEyeBackend(
        SupervisorClient supervisor,
        TheEyeTokenValidator tokens,
        WaiterHub hub,
        IGrainFactory grains,
        IOptions<TheEyeOptions> options,
        TimeProvider timeProvider,
        IOptions<WaitingOptions> waiting,
        UnreleasedJobCleanup unsubmitted,
        ILogger<TheEyeBackend> logger)
    {
        _supervisor = supervisor;
        _tokens = tokens;
        _hub = hub;
        _grains = grains;
        _options = options.Value;
        _timeProvider = timeProvider;
        _waiting = waiting.Value;
        _unsubmitted = unsubmitted;
        _logger = logger;
        _lookups = new(RetryPolicy.Lookup, timeProvider, (fault, _) => LogAskedInVain(fault.Message));
        _mayRead = new(new MemoryCacheOptions { SizeLimit = Kept, Clock = new SystemClockAdapter(timeProvider) });
    }

    /// <inheritdoc/>
    public bool KnowsSecrets => false;

    /// <inheritdoc/>
    public Task<Problem?> CheckSecretAsync(string customer, string task, string secret, Deadline deadline, CancellationToken gone) =>
        Task.FromResult(_options.ServiceTokens.ContainsKey(customer) ? null : TheEyeProblem.NoServiceToken);

    /// <inheritdoc/>
    public async Task<Allocation> AllocateAsync(TaskInvocation call, Deadline deadline, CancellationToken gone)
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
    public void EndUnlessSubmitted(JobSpec spec, string? token) => _unsubmitted.EndUnlessSubmitted(spec, token);

    /// <inheritdoc/>
    public void EndUnrun(JobSpec spec, string? token) => _unsubmitted.EndUnrun(spec, token);

    /// <inheritdoc/>
    public async Task<WaitResult> AttachAsync(JobRequest request, WaitDeadlines time, CancellationToken gone)
    {
        var permission = (Secret.KeyOf(request.Token!), request.Key);
        if (!_mayRead.TryGetValue(permission, out _))
        {
            var (reply, job) = await ReadAsync(request, gone, time.Start);
            if (job is null)
            {
                // The answer that is stored here outlives TheEye's.
                var stored = MayBeStored(reply) && time.Start.Remaining > LeastTime
                    ? await _hub.AttachAsync(request.Key, request.MaySee, time, gone)
                    : new WaitResult.NotFound();
                return stored is WaitResult.NotFound or WaitResult.Forbidden ? new WaitResult.Refused(RefusalOf(request, reply)) : stored;
            }

            if (job.Value.End is { } end)
            {
                return new WaitResult.Finished(Finished(request.Customer, request.Job, end, ((TheEyeReply.Ok)reply).Body));
            }

            using var entry = _mayRead.CreateEntry(permission);
            entry.Size = 1;
            entry.AbsoluteExpirationRelativeToNow = MayReadFor;
        }

        return await _hub.SubmitAsync(
            SpecOf(request.Customer, request.Job, request.Caller, JobOrigin.ExternallyReleased), request.Token, time, gone);
    }

    /// <inheritdoc/>
    public async Task<JobView> LookAsync(JobRequest request, CancellationToken gone)
    {
        var (reply, job) = await ReadAsync(request, gone);
        if (job is { } seen)
        {
            return new() { Lifecycle = seen.Lifecycle, HasEnded = seen.End is not null, Document = ((TheEyeReply.Ok)reply).Body };
        }

        if (MayBeStored(reply)
            && await _grains.GetJob(request.Key).Attach(null, Reading.Cached) is JobReply.Finished { Job: { Fault: null } stored }
            && request.MaySee(stored.Access))
        {
            return new() { Lifecycle = stored.Lifecycle.WireName(), HasEnded = true, Document = stored.Document };
        }

        return JobView.Refused(RefusalOf(request, reply));
    }

    /// <inheritdoc/>
    public async Task<Problem?> CancelAsync(JobRequest request, JobView seen, CancellationToken gone)
    {
        if (seen.HasEnded)
        {
            return JobsApi.HasEnded(request.Customer, request.Job);
        }

        var reply = await _supervisor.EndAsync(request.Customer, request.Job, request.Token!, gone);
        if (reply is not TheEyeReply.Ok)
        {
            return RefusalOf(request, reply) with { JobId = request.Job, Location = JobLinks.Of(request.Customer, request.Job, default) };
        }

        // Whoever waits for it shall not have to wait until TheEye is asked again.
        _grains.GetJob(request.Key).Attach(null, Reading.Fresh).Ignore();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _mayRead.Dispose();

    /// <summary>Makes a job, or finds the one that the same call has made before.</summary>
    private async Task<Allocation> MakeAsync(TaskInvocation call)
    {
        if (call.Identity is not { } identity)
        {
            return await CreateAsync(call);
        }

        var name = Convert.ToHexStringLower(identity.Id);
        var calls = _grains.GetGrain<IIdempotencyGrain>(name);
        var patience = new Deadline(_timeProvider, _waiting.Patience);
        var (isKnown, bound) = await _lookups.ExecuteAsync(name, calls.Find, _ => true, patience.Remaining);
        if (!isKnown || bound is not null)
        {
            return OfCall(bound, identity);
        }

        var created = await CreateAsync(call);
        var spec = created switch
        {
            Allocation.Allocated allocated => allocated.Spec,
            Allocation.Ended ended => SpecOf(call, ended.JobId, JobOrigin.ExternallyReleased),
            _ => null,
        };
        if (spec is null)
        {
            return created;
        }

        spec = spec with { Fingerprint = identity.Fingerprint, IdempotencyId = name };
        (_, bound) = await _lookups.ExecuteAsync(name, () => calls.Bind(spec), job => job is not null, patience.Remaining);
        if (bound?.JobId != spec.JobId)
        {
            _unsubmitted.EndUnlessSubmitted(spec, call.Token);
        }

        return bound is null && created is Allocation.Ended ? created : OfCall(bound, identity);
    }

    /// <param name="bound">The job of a call that may be repeated; null where that can't be found out.</param>
    /// <param name="identity">What the call is known by.</param>
    private static Allocation OfCall(JobSpec? bound, IdempotencyIdentity identity) => bound switch
    {
        null => new Allocation.Refused(ApiExceptionHandler.Unreachable),
        { Fingerprint: { } fingerprint } when !fingerprint.AsSpan().SequenceEqual(identity.Fingerprint) => new Allocation.OtherCall(bound.JobId),
        _ => new Allocation.Allocated(bound),
    };

    private async Task<Allocation> CreateAsync(TaskInvocation call)
    {
        var reply = await _supervisor.CreateAsync(
            call.Customer, call.Task, call.Secret, call.Token, SyncingBody.Of(call.Arguments), CancellationToken.None);
        if (reply is not TheEyeReply.Ok ok || ok.ToJob() is not { } job)
        {
            return new Allocation.Refused(RefusalOf(call, reply));
        }

        return job.End is { } end
            ? new Allocation.Ended(job.Id, Finished(call.Customer, job.Id, end, ok.Body))
            : new Allocation.Allocated(SpecOf(call, job.Id, job.IsSyncing ? JobOrigin.AllocatedAtTheEye : JobOrigin.ExternallyReleased)) { Document = ok.Body };
    }

    private async Task EndWhenMadeAsync(Task<Allocation> making, string? token)
    {
        if (await making is Allocation.Allocated { Spec: var spec })
        {
            EndUnlessSubmitted(spec, token);
        }
    }

    private JobSpec SpecOf(TaskInvocation call, string job, JobOrigin origin) => SpecOf(call.Customer, job, call.Caller, origin) with
    {
        TaskId = call.Task,
        SecretHash = call.JobSecretHash,
        CallerWaitsUntil = call.CallerWaitsUntil,
    };

    private async Task<(TheEyeReply Reply, TheEyeJob? Job)> ReadAsync(JobRequest request, CancellationToken gone, Deadline? deadline = null)
    {
        TheEyeReply reply;
        try
        {
            reply = await _supervisor.JobAsync(request.Customer, request.Job, request.Token ?? _options.ServiceTokens[request.Customer], gone)
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

    private Problem RefusalOf(TaskInvocation call, TheEyeReply reply)
    {
        if (call.Token is not null && reply is TheEyeReply.Refused { Status: StatusCodes.Status401Unauthorized })
        {
            _tokens.Forget(call.Token);
        }

        return TheEyeProblem.OfCreate(reply);
    }

    private Problem RefusalOf(JobRequest request, TheEyeReply reply)
    {
        if (request.Token is not null && reply is TheEyeReply.Refused { Status: StatusCodes.Status401Unauthorized })
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

    [LoggerMessage(Level = LogLevel.Information, Message = "The job of a call that may be repeated can't be found out yet: {Fault}")]
    private partial void LogAskedInVain(string fault);
}
