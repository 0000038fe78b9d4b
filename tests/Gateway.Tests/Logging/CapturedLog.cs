using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SyncCluster.Gateway.Tests.Logging;

/// <summary>What a server in this process logs.</summary>
internal sealed class CapturedLog : ILoggerProvider
{
    private readonly ConcurrentQueue<CapturedEvent> _events = new();

    public IReadOnlyCollection<CapturedEvent> Events => _events;

    /// <summary>Captures what a server logs from now on.</summary>
    public static CapturedLog Of(WebApplication app)
    {
        var log = new CapturedLog();
        app.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        return log;
    }

    public ILogger CreateLogger(string categoryName) => new Logger(_events, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(ConcurrentQueue<CapturedEvent> events, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = state is IEnumerable<KeyValuePair<string, object?>> pairs ? pairs.ToDictionary() : [];
            events.Enqueue(new(category, logLevel, eventId.Id, formatter(state, exception), values));
        }
    }
}

/// <param name="Category">What it is about.</param>
/// <param name="Level">How urgent it is.</param>
/// <param name="Id">Its event id.</param>
/// <param name="Text">The message.</param>
/// <param name="Values">The parts of the message, by name.</param>
internal sealed record CapturedEvent(string Category, LogLevel Level, int Id, string Text, IReadOnlyDictionary<string, object?> Values);
