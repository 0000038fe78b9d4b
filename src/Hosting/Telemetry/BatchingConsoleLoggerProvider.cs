using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// The framework's logger for the console, with its settings and formats, except for when it writes: events of some milliseconds are written together.
/// The framework's writes each by itself, and wakes its thread for one that comes alone, which costs as much as the event; and each call has an event
/// of the audit log. A warning is written at once, with what waits.
/// </summary>
[ProviderAlias("Console")]
internal sealed class BatchingConsoleLoggerProvider : ILoggerProvider, ISupportExternalScope
{
    /// <summary>A longer event is not kept to be written over.</summary>
    private const int MaxKeptLength = 4096;

    /// <summary>How long an event waits for others at most. A killed server loses what waits.</summary>
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a server that stops waits for a console that can't be written.</summary>
    private static readonly TimeSpan DisposalLimit = TimeSpan.FromSeconds(2);

    [ThreadStatic]
    private static StringWriter? _formatted;

    private readonly ConcurrentDictionary<string, ConsoleLogger> _loggers = [];
    private readonly Dictionary<string, ConsoleFormatter> _formatters;
    private readonly IOptionsMonitor<ConsoleLoggerOptions> _options;
    private readonly TimeSpan _delay;
    private readonly StreamWriter _output;
    private readonly StreamWriter _error;
    private readonly Thread _thread;
    private IExternalScopeProvider? _scopes;

    /// <summary>Held while events are written, so that they are in order.</summary>
    private readonly Lock _writing = new();

    /// <summary>Guards what follows, and is pulsed when there is something to write, or room again.</summary>
    private readonly object _lock = new();

    private Batch _waiting = new();

    /// <summary>What is written, or the next one to wait.</summary>
    private Batch _other = new();

    private bool _isUrgent;
    private bool _isDisposed;

    public BatchingConsoleLoggerProvider(IOptionsMonitor<ConsoleLoggerOptions> options, IEnumerable<ConsoleFormatter> formatters)
        : this(options, formatters, Console.OpenStandardOutput(), Console.OpenStandardError(), Delay)
    {
    }

    /// <summary>For tests: writes elsewhere, and events wait as long as a test needs.</summary>
    internal BatchingConsoleLoggerProvider(
        IOptionsMonitor<ConsoleLoggerOptions> options, IEnumerable<ConsoleFormatter> formatters, Stream output, Stream error, TimeSpan delay)
    {
        _options = options;
        _formatters = formatters.ToDictionary(formatter => formatter.Name, StringComparer.OrdinalIgnoreCase);
        _delay = delay;
        _output = new(output, bufferSize: 32 << 10);
        _error = new(error);
        _thread = new(Run) { Name = "Console logger", IsBackground = true };
        _thread.Start();
        AppDomain.CurrentDomain.UnhandledException += OnUnhandledException;
    }

    /// <summary>Takes the place of the framework's provider, if it is there. On Windows that one stays: it knows the consoles that have no colors.</summary>
    public static void AddTo(ILoggingBuilder logging)
    {
        var framework = logging.Services.FirstOrDefault(service =>
            service.ServiceType == typeof(ILoggerProvider) && service.ImplementationType == typeof(ConsoleLoggerProvider));
        if (framework is not null && !OperatingSystem.IsWindows())
        {
            logging.Services.Remove(framework);
            logging.Services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoggerProvider, BatchingConsoleLoggerProvider>());
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => _loggers.GetOrAdd(categoryName, static (name, console) => new(console, name), this);

    /// <inheritdoc/>
    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    /// <summary>Writes what waits. From now on events are written at once.</summary>
    public void Dispose()
    {
        AppDomain.CurrentDomain.UnhandledException -= OnUnhandledException;
        lock (_lock)
        {
            _isDisposed = true;
            Monitor.PulseAll(_lock);
        }

        _thread.Join(DisposalLimit);
    }

    private void OnUnhandledException(object sender, UnhandledExceptionEventArgs fault) => Dispose();

    private void Add<TState>(in LogEntry<TState> entry)
    {
        var options = _options.CurrentValue;
        var text = _formatted ??= new(CultureInfo.InvariantCulture);
        var builder = text.GetStringBuilder();
        try
        {
            FormatterOf(options).Write(entry, _scopes, text);
            if (builder.Length > 0)
            {
                Add(builder, entry.LogLevel, options);
            }
        }
        finally
        {
            builder.Clear();
            if (builder.Capacity > MaxKeptLength)
            {
                builder.Capacity = MaxKeptLength;
            }
        }
    }

    private ConsoleFormatter FormatterOf(ConsoleLoggerOptions options) =>
        _formatters.GetValueOrDefault(options.FormatterName ?? "") ?? _formatters[ConsoleFormatterNames.Simple];

    private void Add(StringBuilder text, LogLevel level, ConsoleLoggerOptions options)
    {
        bool isDisposed;
        lock (_lock)
        {
            while (_waiting.Count >= options.MaxQueueLength && !_isDisposed)
            {
                if (options.QueueFullMode == ConsoleLoggerQueueFullMode.DropWrite)
                {
                    _waiting.Dropped++;
                    return;
                }

                _isUrgent = true;
                Monitor.PulseAll(_lock);
                Monitor.Wait(_lock);
            }

            _waiting.Add(text, isError: level >= options.LogToStandardErrorThreshold);
            _isUrgent |= level >= LogLevel.Warning;
            isDisposed = _isDisposed;
            if (_isUrgent || _waiting.Count == 1)
            {
                Monitor.PulseAll(_lock);
            }
        }

        if (isDisposed)
        {
            Write();
        }
    }

    private void Run()
    {
        while (true)
        {
            lock (_lock)
            {
                while (_waiting.Count == 0 && !_isDisposed)
                {
                    Monitor.Wait(_lock);
                }

                if (!_isUrgent && !_isDisposed)
                {
                    Monitor.Wait(_lock, _delay);
                }

                if (_isDisposed && _waiting.Count == 0)
                {
                    return;
                }
            }

            Write();
        }
    }

    /// <summary>Writes what waits.</summary>
    private void Write()
    {
        lock (_writing)
        {
            Batch batch;
            lock (_lock)
            {
                (batch, _waiting, _other) = (_waiting, _other, _waiting);
                _isUrgent = false;
                Monitor.PulseAll(_lock);
            }

            if (batch.Dropped > 0)
            {
                batch.Output.Append(CultureInfo.InvariantCulture, $"{batch.Dropped} events were dropped, since Logging:Console:MaxQueueLength others waited.").AppendLine();
            }

            Write(_output, batch.Output);
            Write(_error, batch.Error);
            batch.Clear();
        }
    }

    private static void Write(StreamWriter console, StringBuilder text)
    {
        if (text.Length == 0)
        {
            return;
        }

        try
        {
            console.Write(text);
            console.Flush();
        }
        catch (IOException)
        {
            // The disk behind it is full, say. These events are lost; the next ones may be written.
        }
    }

    /// <summary>Events that wait for others.</summary>
    private sealed class Batch
    {
        public StringBuilder Output { get; } = new();

        public StringBuilder Error { get; } = new();

        public int Count { get; private set; }

        public int Dropped { get; set; }

        public void Add(StringBuilder text, bool isError)
        {
            (isError ? Error : Output).Append(text);
            Count++;
        }

        public void Clear()
        {
            Output.Clear();
            Error.Clear();
            (Count, Dropped) = (0, 0);
        }
    }

    private sealed class ConsoleLogger(BatchingConsoleLoggerProvider console, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => console._scopes?.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                console.Add(new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter));
            }
        }
    }
}
