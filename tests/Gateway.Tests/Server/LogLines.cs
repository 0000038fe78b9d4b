using System.Collections;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>What a server logs, scopes included.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger, IEnumerable<string>
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IEnumerator<string> GetEnumerator() => _lines.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        _lines.Enqueue($"{state}");
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
