using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using SyncCluster.Execution.Local;
using SyncCluster.Telemetry;

namespace SyncCluster.Hosting.Connections;

/// <summary>
/// The open connections of the web server, over all addresses: Kestrel's own limit is one for each. What comes above the limit is closed before anything
/// is read from it, TLS included. What is still open when the process has stopped for long enough is aborted: Kestrel, whose own time limits do not count
/// any more when it stops, would wait for half a request or an unread answer as long as the host lets it.
/// </summary>
internal sealed partial class OpenConnections : IDisposable
{
    /// <summary>How long the last answers may take when the drain has ended.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(3);

    /// <summary>How often it is logged at most that connections are closed: clients could bring that about as often as they like.</summary>
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<OpenConnections> _logger;
    private readonly ServerMetrics _metrics;
    private readonly ConnectionLimit _limit;
    private readonly CancellationTokenSource _abort = new();
    private int _count;
    private volatile bool _isFull;
    private int _endOfFullness;
    private bool _isLogged;
    private long _closed;
    private long? _loggedAt;

    public OpenConnections(
        IOptions<ConnectionOptions> options,
        IOptions<LocalExecutorOptions> executor,
        IHostApplicationLifetime lifetime,
        ServerMetrics metrics,
        TimeProvider timeProvider,
        ILogger<OpenConnections> logger)
    {
        (_metrics, _timeProvider, _logger) = (metrics, timeProvider, logger);
        _limit = ConnectionLimit.Of(options.Value.Connections, OpenFiles.Limit, executor.Value.MaxScripts);
        if (options.Value.Connections is { } configured && configured > Limit)
        {
            LogLowered(configured, Limit, OpenFiles.Limit);
        }

        metrics.ObserveConnections(() => Count, Limit, OpenFiles.Count, OpenFiles.Limit);
        lifetime.ApplicationStopping.Register(() => _abort.CancelAfter(options.Value.DrainTime + AnswerTime));
    }

    /// <summary>How many are open.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many may be open.</summary>
    public int Limit => _limit.Connections;

    /// <summary>Whether connections are closed for want of room. A sixteenth of those that were open then must have closed before this is over.</summary>
    public bool IsFull => _isFull;

    /// <summary>Watches the connections of an address that the server listens at: each must have been opened before.</summary>
    public void AddTo(ListenOptions address) => address.Use(next => connection => RunAsync(connection, next));

    /// <summary>Counts a connection that was accepted.</summary>
    /// <returns>Whether there is room for it.</returns>
    public bool TryOpen(ConnectionContext connection)
    {
        var count = Interlocked.Increment(ref _count);
        if (count <= Limit && DescriptorOf(connection) < _limit.Descriptors)
        {
            EndFullness(count);
            return true;
        }

        _metrics.Rejected("connections");
        BeginFullness(Interlocked.Decrement(ref _count));
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => _abort.Dispose();

    private async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        try
        {
            using var aborting = _abort.Token.UnsafeRegister(
                static connection => ((ConnectionContext)connection!).Abort(new ConnectionAbortedException("The server has stopped.")), connection);
            try
            {
                await next(connection);
            }
            finally
            {
                // It sends what is left of an answer and closes the socket: until then the connection counts, and may have to be aborted.
                await connection.DisposeAsync();
            }
        }
        finally
        {
            EndFullness(Interlocked.Decrement(ref _count));
        }
    }

    private static nint DescriptorOf(ConnectionContext connection) =>
        connection.Features.Get<IConnectionSocketFeature>()?.Socket.SafeHandle.DangerousGetHandle() ?? 0;

    private void BeginFullness(int count)
    {
        lock (_lock)
        {
            _closed++;
            if (_isFull)
            {
                return;
            }

            _endOfFullness = count - (count / 16);
            _isFull = true;
            if (_loggedAt is not { } loggedAt || _timeProvider.GetElapsedTime(loggedAt) >= LogInterval)
            {
                _loggedAt = _timeProvider.GetTimestamp();
                _isLogged = true;
                LogFull(count, Limit, OpenFiles.Limit);
            }
        }
    }

    private void EndFullness(int count)
    {
        if (!_isFull || count > Volatile.Read(ref _endOfFullness))
        {
            return;
        }

        lock (_lock)
        {
            if (_isFull && _isLogged)
            {
                LogRoom(_closed);
                (_isLogged, _closed) = (false, 0);
            }

            _isFull = false;
        }
    }
}
