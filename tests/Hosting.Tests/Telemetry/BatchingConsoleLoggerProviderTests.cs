using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using SyncCluster.Harness;
using SyncCluster.Hosting.Telemetry;

namespace SyncCluster.Hosting.Tests.Telemetry;

/// <summary>Events for the console wait for others for a moment. None is lost by that, or takes the place of another.</summary>
public sealed class BatchingConsoleLoggerProviderTests : IDisposable
{
    private static readonly TimeSpan Forever = Timeout.InfiniteTimeSpan;

    private readonly GatedStream _output = new();
    private readonly GatedStream _error = new();
    private ServiceProvider? _services;

    public void Dispose()
    {
        _output.Gate.Set();
        _services?.Dispose();
    }

    [Fact]
    public async Task Events_are_written_together_after_a_moment()
    {
        var log = Log(TimeSpan.FromMilliseconds(1));
        Add(log, "one");
        await Eventually.TrueAsync(() => Written is ["one"], "the first event is written");
        Add(log, "two");
        await Eventually.TrueAsync(() => Written is ["one", "two"], "so is the next one");
    }

    [Fact]
    public async Task A_warning_is_written_at_once_with_what_waits()
    {
        var log = Log(Forever);
        Add(log, "one");
        Add(log, "two");
        Assert.Empty(Written);
        Add(log, "three", LogLevel.Warning);
        await Eventually.TrueAsync(() => Written is ["one", "two", "three"], "all three are written");
        Assert.Equal(1, _output.Writes);
        Add(log, "four", LogLevel.Error);
        await Eventually.TrueAsync(() => Written is [.., "four"], "so is the next one");
    }

    [Fact]
    public void What_waits_is_written_when_the_server_stops_and_later_events_at_once()
    {
        var log = Log(Forever);
        Add(log, "one");
        _services!.Dispose();
        Assert.Equal(["one"], Written);
        Add(log, "two");
        Assert.Equal(["one", "two"], Written);
    }

    [Fact]
    public void More_events_than_may_wait_are_written_in_their_order()
    {
        var log = Log(Forever, ("MaxQueueLength", "10"));
        string[] events = [.. Enumerable.Range(0, 101).Select(number => $"{number}")];
        Array.ForEach(events, text => Add(log, text));
        _services!.Dispose();
        Assert.Equal(events, Written);
    }

    [Fact]
    public async Task Who_logs_waits_for_a_console_that_can_not_be_written()
    {
        var log = Log(Forever, ("MaxQueueLength", "10"));
        _output.Gate.Reset();
        string[] events = [.. Enumerable.Range(0, 50).Select(number => $"{number}")];
        var requests = new Thread(() => Array.ForEach(events, text => Add(log, text))) { IsBackground = true };
        requests.Start();
        await Eventually.TrueAsync(() => requests.ThreadState.HasFlag(ThreadState.WaitSleepJoin) && _output.IsBlocked, "the requests wait");
        Assert.Empty(Written);
        _output.Gate.Set();
        Assert.True(requests.Join(TimeSpan.FromMinutes(1)));
        _services!.Dispose();
        Assert.Equal(events, Written);
    }

    [Fact]
    public async Task Events_are_dropped_and_counted_where_that_is_configured()
    {
        var log = Log(Forever, ("MaxQueueLength", "2"), ("QueueFullMode", "DropWrite"));
        foreach (var text in (string[])["one", "two", "three", "four"])
        {
            Add(log, text);
        }

        _services!.Dispose();
        await Eventually.TrueAsync(() => Written.Length == 3, "all is written");
        Assert.Equal(["one", "two"], Written[..2]);
        Assert.StartsWith("2 events were dropped", Written[2]);
    }

    [Fact]
    public void A_console_that_fails_once_has_the_next_event()
    {
        var log = Log(Forever);
        _services!.Dispose();
        _output.Fails = true;
        Add(log, "one");
        _output.Fails = false;
        Add(log, "two");
        Assert.Equal(["two"], Written);
    }

    [Fact]
    public void Errors_go_where_the_settings_say()
    {
        var log = Log(Forever, ("LogToStandardErrorThreshold", "Error"));
        Add(log, "one", LogLevel.Warning);
        Add(log, "two", LogLevel.Error);
        _services!.Dispose();
        Assert.Equal(["one"], Written);
        Assert.Equal(["two"], _error.Lines);
    }

    [Fact]
    public void An_event_in_JSON_has_the_scope_of_its_own_request()
    {
        var log = Log(Forever, ("FormatterName", ConsoleFormatterNames.Json), ("FormatterOptions:IncludeScopes", "true"));
        foreach (var name in (string[])["uma", "José"])
        {
            using (log.BeginScope(name))
            {
                Add(log, name);
            }
        }

        _services!.Dispose();
        var lines = _output.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["uma", "José"], lines.Select(line => line.GetProperty("Message").GetString()));
        Assert.Equal(["uma", "José"], lines.Select(line => line.GetProperty("Scopes")[0].GetString()));
    }

    [Fact]
    public async Task A_server_logs_by_it_in_place_of_the_framework()
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddDefaults("test", "http://127.0.0.1:0");
        await using var app = builder.Build();
        var providers = app.Services.GetServices<ILoggerProvider>().ToArray();
        Assert.Single(providers.OfType<BatchingConsoleLoggerProvider>());
        Assert.Empty(providers.OfType<ConsoleLoggerProvider>());
    }

    /// <summary>The messages of what was written in the plain format, whose first line of each event has its category.</summary>
    private string[] Written => _output.Lines;

    private static void Add(ILogger log, string text, LogLevel level = LogLevel.Information) => log.Log(level, default, text, null, (state, _) => state);

    private ILogger Log(TimeSpan delay, params (string Name, string Value)[] settings)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging =>
        {
            logging.AddConfiguration(new ConfigurationBuilder()
                .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create<string, string?>($"Console:{setting.Name}", setting.Value))).Build());
            logging.AddConsole();
            BatchingConsoleLoggerProvider.AddTo(logging);
        });
        services.Remove(services.Single(service => service.ImplementationType == typeof(BatchingConsoleLoggerProvider)));
        services.AddSingleton<ILoggerProvider>(provider => new BatchingConsoleLoggerProvider(
            provider.GetRequiredService<IOptionsMonitor<ConsoleLoggerOptions>>(), provider.GetServices<ConsoleFormatter>(), _output, _error, delay));
        _services = services.BuildServiceProvider();
        return _services.GetRequiredService<ILoggerFactory>().CreateLogger("Test");
    }

    /// <summary>A console that can be written while its gate is open.</summary>
    private sealed class GatedStream : MemoryStream
    {
        private readonly Lock _lock = new();

        public ManualResetEventSlim Gate { get; } = new(initialState: true);

        public bool Fails { get; set; }

        public bool IsBlocked { get; private set; }

        public int Writes { get; private set; }

        public string Text
        {
            get
            {
                lock (_lock)
                {
                    return Encoding.UTF8.GetString(ToArray());
                }
            }
        }

        public string[] Lines =>
            [.. Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.EndsWith("Test[0]", StringComparison.Ordinal)).Select(line => line.Trim())];

        public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Fails)
            {
                throw new IOException("No space left on device");
            }

            IsBlocked = !Gate.IsSet;
            Gate.Wait();
            lock (_lock)
            {
                Writes++;
                base.Write(buffer, offset, count);
            }
        }

        protected override void Dispose(bool disposing)
        {
            Gate.Dispose();
            base.Dispose(disposing);
        }
    }
}
