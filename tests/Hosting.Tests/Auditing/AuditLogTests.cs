using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SyncCluster.Harness;
using SyncCluster.Hosting.Auditing;

namespace SyncCluster.Hosting.Tests.Auditing;

/// <summary>Events of the audit log wait for others for a moment. None is lost by that, or takes the place of another.</summary>
public sealed class AuditLogTests : IDisposable
{
    private static readonly AuditedAction Read = new("read", _ => null);

    private readonly GatedProvider _written = new();
    private readonly LoggerFactory _loggers;
    private readonly AuditLog _log;

    public AuditLogTests()
    {
        _loggers = new([_written]);
        _log = new(_loggers, TimeProvider.System);
    }

    public void Dispose()
    {
        _written.Gate.Set();
        _log.Dispose();
        _loggers.Dispose();
    }

    [Fact]
    public async Task An_event_that_comes_alone_is_logged()
    {
        Add(200);
        await Eventually.TrueAsync(() => _written.Statuses is [200], "it is logged");
        Add(404);
        await Eventually.TrueAsync(() => _written.Statuses is [200, 404], "so is the next one");
    }

    [Fact]
    public void What_waits_is_logged_when_the_server_stops_and_later_events_at_once()
    {
        Add(200);
        _log.Dispose();
        Assert.Equal([200], _written.Statuses);
        Add(499);
        Assert.Equal([200, 499], _written.Statuses);
    }

    [Fact]
    public void More_events_than_may_wait_are_logged_in_their_order()
    {
        int[] statuses = [.. Enumerable.Range(0, (3 * AuditLog.MaxEvents) + 1)];
        Array.ForEach(statuses, Add);
        _log.Dispose();
        Assert.Equal(statuses, _written.Statuses);
    }

    [Fact]
    public async Task Requests_wait_for_a_log_that_can_not_be_written()
    {
        _written.Gate.Reset();
        int[] statuses = [.. Enumerable.Range(0, 3 * AuditLog.MaxEvents)];
        var requests = new Thread(() => Array.ForEach(statuses, Add)) { IsBackground = true };
        requests.Start();
        await Eventually.TrueAsync(() => requests.ThreadState.HasFlag(ThreadState.WaitSleepJoin), "the requests wait");
        _written.Gate.Set();
        await Eventually.TrueAsync(() => _written.Statuses.Length == statuses.Length, "all are logged once the log can be written");
        Assert.Equal(statuses, _written.Statuses);
    }

    [Fact]
    public void An_event_has_the_scope_of_its_own_request()
    {
        foreach (var status in (int[])[200, 404])
        {
            using (_loggers.CreateLogger("").BeginScope(status))
            {
                Add(status);
            }
        }

        _log.Dispose();
        Assert.Equal([200, 404], _written.Statuses);
        Assert.Equal([200, 404], _written.Scopes.Cast<int>());
    }

    [Fact]
    public void A_log_that_fails_once_has_the_next_event()
    {
        _written.FailsAt = 200;
        Add(200);
        Add(404);
        _log.Dispose();
        Assert.Equal([404], _written.Statuses);
    }

    private void Add(int status) => _log.Log(new DefaultHttpContext(), Read, "5f0000000000000000000abc", status, TimeSpan.Zero);

    /// <summary>Keeps what is logged while its gate is open, and has who logs wait while it is closed.</summary>
    private sealed class GatedProvider : ILoggerProvider, ILogger, ISupportExternalScope
    {
        private readonly ConcurrentQueue<(int Status, object? Scope)> _events = new();
        private IExternalScopeProvider? _scopes;

        public ManualResetEventSlim Gate { get; } = new(initialState: true);

        public int? FailsAt { get; set; }

        public int[] Statuses => [.. _events.Select(logged => logged.Status)];

        public IEnumerable<object?> Scopes => _events.Select(logged => logged.Scope);

        public ILogger CreateLogger(string categoryName) => this;

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => _scopes!.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Gate.Wait();
            var status = (int)((IEnumerable<KeyValuePair<string, object?>>)state!).Single(value => value.Key == "Status").Value!;
            if (status == FailsAt)
            {
                throw new InvalidOperationException("The log is full.");
            }

            var scopes = new List<object?>();
            _scopes!.ForEachScope((scope, all) => all.Add(scope), scopes);
            _events.Enqueue((status, scopes.SingleOrDefault()));
        }

        public void Dispose() => Gate.Dispose();
    }
}
