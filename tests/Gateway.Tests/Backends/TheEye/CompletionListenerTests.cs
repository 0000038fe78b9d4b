using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Tests.Clustering;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>How TheEye's Redis is connected to.</summary>
public sealed class CompletionListenerTests : IDisposable
{
    private const int Rounds = 3;

    private readonly CapturedLog _log = new();
    private readonly ImpatientClock _clock = new();
    private readonly ILoggerFactory _loggers;

    public CompletionListenerTests() => _loggers = LoggerFactory.Create(logging => logging.AddProvider(_log).SetMinimumLevel(LogLevel.Information));

    public void Dispose() => _loggers.Dispose();

    [Fact]
    public void A_Redis_that_is_away_at_the_start_is_waited_for_whatever_the_connection_string_says() =>
        Assert.False(CompletionListener.Read("127.0.0.1:6379,abortConnect=true")!.AbortOnConnectFail);

    [Theory]
    [InlineData("", "wants a password: add `password=…` to TheEye:Redis.")]
    [InlineData(",password=wrong-secret", "refuses the password in TheEye:Redis, or its user.")]
    public async Task A_Redis_that_refuses_the_password_is_one_error_that_says_what_to_mend(string credentials, string message)
    {
        using var redis = new RedisInProcess(password: "right-secret");
        await using var listener = Listen($"{redis.Address}{credentials}");
        await Eventually.TrueAsync(() => _clock.Pauses >= Rounds, "it has tried several times");
        await Eventually.TrueAsync(() => Errors().Length > 0, "it has logged an error");
        Assert.False(listener.IsOpen);
        Assert.EndsWith(
            $"The supervisor is asked about each job instead: The Redis at {redis.Address} {message}", Errors().Single(), StringComparison.Ordinal);
        Assert.DoesNotContain(_log.Events, logged => logged.Text.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_Redis_that_is_away_is_one_warning_and_is_listened_to_when_it_is_back()
    {
        var port = FreePort.Next();
        await using var listener = Listen($"127.0.0.1:{port}");
        await Eventually.TrueAsync(() => _clock.Pauses >= Rounds, "it has tried several times");
        Assert.Equal(LogLevel.Warning, Assert.Single(_log.Events).Level);
        using var redis = new RedisInProcess(port);
        await Eventually.TrueAsync(() => listener.IsOpen, "it listens");
        Assert.Single(_log.Events);
    }

    private CompletionListener Listen(string redis)
    {
        var listener = new CompletionListener(
            Options.Create(new TheEyeOptions { Redis = redis }), _clock, _loggers.CreateLogger<CompletionListener>());
        listener.Open(_ => { }, () => { });
        return listener;
    }

    private string[] Errors() => [.. _log.Events.Where(logged => logged.Level == LogLevel.Error).Select(logged => logged.Text)];

    /// <summary>A clock whose pauses are short. Counts them.</summary>
    private sealed class ImpatientClock : TimeProvider
    {
        private int _pauses;

        public int Pauses => Volatile.Read(ref _pauses);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _pauses);
            return base.CreateTimer(callback, state, TimeSpan.FromMilliseconds(10), period);
        }
    }
}
