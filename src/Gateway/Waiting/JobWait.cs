using SyncCluster.Jobs;
using SyncCluster.Telemetry;

namespace SyncCluster.Gateway.Waiting;

/// <summary>
/// A request that waits for a job at this gateway. Its owner disposes of it when the wait is over: the job's grain then hears whether the client was told
/// where to ask for the job, or has disconnected. Disposing of it again changes nothing.
/// </summary>
internal sealed class JobWait : IDisposable
{
    private readonly WaiterHub? _hub;
    private readonly PendingJob? _job;
    private readonly string? _token;
    private readonly Deadline _end;
    private readonly WaitKind _kind;
    private readonly long _since;
    private WaitResult? _result;
    private bool _isClientTold;
    private int _isDisposed;

    /// <summary>A wait that is over before it has begun.</summary>
    public JobWait(WaitResult result) => _result = result;

    /// <param name="hub">Where the request waits.</param>
    /// <param name="job">The job that it waits for, as one of its waiters.</param>
    /// <param name="token">The token that the waiter was added with.</param>
    /// <param name="kind">How the request came to the job.</param>
    /// <param name="result">What came of that; null if the job goes on.</param>
    /// <param name="end">When the wait is over.</param>
    /// <param name="since">The timestamp of its begin.</param>
    public JobWait(WaiterHub hub, PendingJob job, string? token, WaitKind kind, WaitResult? result, Deadline end, long since)
    {
        _hub = hub;
        _job = job;
        _token = token;
        _kind = kind;
        _end = end;
        _since = since;
        _result = result is null ? null : Interpret(result);
    }

    /// <summary>How the wait has ended; null while it has not.</summary>
    public WaitResult? Result => _result;

    /// <summary>Whether the job exists, and its grain has let the caller wait for it or read its end.</summary>
    public bool IsPermitted => _result is null or WaitResult.Replied { Reply: JobReply.Finished };

    /// <summary>Waits until the job has ended, or the wait. The request then waits no more, even before this is disposed of.</summary>
    /// <param name="aborted">Canceled when the client has disconnected.</param>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public async Task<WaitResult> EndAsync(CancellationToken aborted)
    {
        using var span = _result is null ? ServerTraces.StartChild("wait for job") : null;
        try
        {
            _result ??= Interpret(await _hub!.WaitForEndAsync(_job!, _end, aborted));
            _isClientTold = _result is WaitResult.TimedOut or WaitResult.Draining or WaitResult.Unknown && !aborted.IsCancellationRequested;
            if (_result is WaitResult.Replied { Reply: JobReply.Finished { Job: var job } })
            {
                ServerTraces.LinkTo(job.TraceParent);
            }

            return _result;
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Ends the wait before the job: the client is told where to ask for it.</summary>
    public void Detach() => _isClientTold = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_job is not null && Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _hub!.Leave(_job, _token, _isClientTold, _result, _since);
        }
    }

    private WaitResult Interpret(WaitResult result) => (_kind, result) switch
    {
        // The storage has lost a job that exists: that is no 404.
        (WaitKind.Submit, WaitResult.Replied { Reply: JobReply.NotFound }) => new WaitResult.Refused(Problems.RecordLost(_job!.Key[(_job.Key.IndexOf('/', StringComparison.Ordinal) + 1)..])),

        // Only of a new job it is certain that nothing was run.
        (WaitKind.Attach, WaitResult.Replied { Reply: JobReply.Unavailable }) => new WaitResult.Refused(Problems.Unreachable),
        _ => result,
    };
}

/// <summary>How a request came to the job that it waits for.</summary>
internal enum WaitKind
{
    /// <summary>It has submitted the job.</summary>
    Submit,

    /// <summary>It asks for a job that exists.</summary>
    Attach,
}
