using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SyncCluster.Hosting.Auditing;

namespace SyncCluster.Hosting.Tests.Auditing;

/// <summary>A log that fails costs no request its answer, and no other event.</summary>
public sealed class AuditLogTests : IDisposable
{
    private readonly FailingProvider _written = new();
    private readonly LoggerFactory _loggers;

    public AuditLogTests() => _loggers = new([_written]);

    public void Dispose() => _loggers.Dispose();

    [Fact]
    public void A_log_that_fails_once_has_the_next_event()
    {
        var log = new AuditLog(_loggers, TimeProvider.System);
        foreach (var status in (int[])[FailingProvider.FailsAt, StatusCodes.Status404NotFound])
        {
            log.Log(new DefaultHttpContext(), new("read", _ => null), "5f0000000000000000000abc", status, TimeSpan.Zero);
        }

        Assert.Equal([StatusCodes.Status404NotFound], _written.Statuses);
    }

    private sealed class FailingProvider : ILoggerProvider, ILogger
    {
        public const int FailsAt = StatusCodes.Status200OK;

        public List<int> Statuses { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var status = (int)((IEnumerable<KeyValuePair<string, object?>>)state!).Single(value => value.Key == "Status").Value!;
            if (status == FailsAt)
            {
                throw new InvalidOperationException("The log is full.");
            }

            Statuses.Add(status);
        }

        public void Dispose()
        {
        }
    }
}
