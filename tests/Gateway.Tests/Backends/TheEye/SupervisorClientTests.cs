using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Tests.Logging;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>What is sent to a supervisor that closes the connection, answers in part, or does not answer.</summary>
public sealed class SupervisorClientTests : IDisposable
{
    private const string Whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    private const string Cut = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}";

    /// <summary>Polly's breaker counts no fewer.</summary>
    private const int OpensTheBreaker = 20;

    private static readonly string Job = new('a', 24);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CapturedLog _log = new();
    private readonly ServiceProvider _services;
    private TimeProvider _time = TimeProvider.System;
    private TimeSpan _requestTimeout = TimeSpan.FromSeconds(10);
    private int _arrived;

    public SupervisorClientTests()
    {
        _listener.Start();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(_log));
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(
            [KeyValuePair.Create("TheEye:Supervisor", (string?)$"http://{_listener.LocalEndpoint}")]).Build());
        services.AddSingleton(_ => _time);
        services.AddTheEye();
        services.Configure<TheEyeOptions>(options => options.RequestTimeout = _requestTimeout);
        _services = services.BuildServiceProvider();
    }

    private SupervisorClient Client => _services.GetRequiredService<SupervisorClient>();

    /// <summary>The event of each request that has failed.</summary>
    private CapturedEvent[] Failures => [.. _log.Events.Where(logged => logged.Id == 2350)];

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
        _log.Dispose();
    }

    /// <summary>As from a connection that was idle for too long, where the HTTP client would send the request again by itself.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_release_whose_connection_is_closed_is_not_sent_a_second_time(bool orderly)
    {
        _ = ServeAsync(orderly);
        Assert.IsType<TheEyeReply.Ok>(await Client.SyncedAsync(Job, "t", default));
        Assert.Equal(TheEyeFault.Broken, FaultOf(await Client.SyncedAsync(Job, "t", default)));
        Assert.Equal(2, _arrived);
    }

    [Fact]
    public async Task A_read_whose_connection_is_closed_is_sent_again()
    {
        _ = ServeAsync(orderly: true);
        Assert.IsType<TheEyeReply.Ok>(await Client.JobAsync("acme", Job, "t", default));
        Assert.IsType<TheEyeReply.Ok>(await Client.JobAsync("acme", Job, "t", default));
        Assert.Equal(3, _arrived);
    }

    [Fact]
    public async Task A_read_whose_answer_is_cut_is_sent_again_and_a_release_is_not()
    {
        _ = AnswerAsync(Cut, Cut, Whole, Cut);
        Assert.IsType<TheEyeReply.Ok>(await Client.JobAsync("acme", Job, "t", default));
        Assert.Equal(3, _arrived);
        Assert.Equal(TheEyeFault.Broken, FaultOf(await Client.SyncedAsync(Job, "t", default)));
        Assert.Equal(4, _arrived);
    }

    [Theory]
    [InlineData("503 Service Unavailable")]
    [InlineData("429 Too Many Requests")]
    public async Task A_read_that_is_refused_for_now_is_sent_three_times_and_a_release_once(string status)
    {
        var answer = $"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        _ = AnswerAsync(answer, answer, answer, answer);
        Assert.IsNotType<TheEyeReply.Ok>(await Client.JobAsync("acme", Job, "t", default));
        Assert.Equal(3, _arrived);
        Assert.IsNotType<TheEyeReply.Ok>(await Client.SyncedAsync(Job, "t", default));
        Assert.Equal(4, _arrived);
    }

    [Theory]
    [InlineData("404 Not Found")]
    [InlineData("302 Found")]
    public async Task A_read_that_is_refused_for_good_is_sent_once(string status)
    {
        _ = AnswerAsync($"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", Whole);
        Assert.IsNotType<TheEyeReply.Ok>(await Client.JobAsync("acme", Job, "t", default));
        Assert.Equal(1, _arrived);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")]
    public async Task An_answer_that_does_not_begin_or_end_in_time_is_not_asked_for_again(string begun)
    {
        _requestTimeout = TimeSpan.FromMilliseconds(500);
        _ = HoldAsync(begun);
        Assert.Equal(TheEyeFault.Slow, FaultOf(await Client.JobAsync("acme", Job, "t", default)));
        Assert.Single(Failures);
    }

    [Fact]
    public async Task A_read_that_finds_no_connection_is_tried_three_times_and_a_release_once()
    {
        var client = Client;
        _listener.Stop();
        Assert.Equal(TheEyeFault.Unreachable, FaultOf(await client.JobAsync("acme", Job, "t", default)));
        Assert.Equal(3, Failures.Length);
        Assert.Equal(TheEyeFault.Unreachable, FaultOf(await client.SyncedAsync(Job, "t", default)));
        Assert.Equal(4, Failures.Length);
    }

    /// <summary>A read that takes long has waited long enough, however it ends.</summary>
    [Fact]
    public async Task A_read_that_fails_after_the_time_limit_is_not_sent_again()
    {
        var time = new FakeTimeProvider();
        _time = time;
        _ = AnswerAsync(() => time.Advance(_requestTimeout), Cut, Whole);
        Assert.Equal(TheEyeFault.Broken, FaultOf(await Client.JobAsync("acme", Job, "t", default)));
        Assert.Equal(1, _arrived);
    }

    [Fact]
    public async Task A_status_without_a_body_may_announce_a_length()
    {
        _ = AnswerAsync("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
        Assert.Empty(Assert.IsType<TheEyeReply.Ok>(await Client.SyncedAsync(Job, "t", default)).Body);
    }

    [Fact]
    public async Task A_request_that_is_canceled_is_no_failure()
    {
        using var cancellation = new CancellationTokenSource();
        _ = HoldAsync("", cancellation.Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client.JobAsync("acme", Job, "t", cancellation.Token));
    }

    [Fact]
    public async Task Nothing_is_sent_for_a_while_to_a_supervisor_that_is_not_there()
    {
        var time = new FakeTimeProvider();
        _time = time;
        var client = Client;
        _listener.Stop();
        for (var request = 0; request <= OpensTheBreaker; request++)
        {
            Assert.Equal(TheEyeFault.Unreachable, FaultOf(await client.SyncedAsync(Job, "t", default)));
        }

        Assert.Equal(TheEyeFault.Unreachable, FaultOf(await client.JobAsync("acme", Job, "t", default)));
        Assert.Equal(OpensTheBreaker, Failures.Length);

        time.Advance(TimeSpan.FromSeconds(2.1));
        Assert.Equal(TheEyeFault.Unreachable, FaultOf(await client.SyncedAsync(Job, "t", default)));
        Assert.Equal(OpensTheBreaker + 1, Failures.Length);
    }

    /// <summary>As of a caller whom a task's access list refuses.</summary>
    [Fact]
    public async Task Requests_without_an_answer_do_not_keep_others_from_being_sent()
    {
        _requestTimeout = TimeSpan.FromMilliseconds(500);
        var held = Task.WhenAll(Enumerable.Range(0, 2 * OpensTheBreaker).Select(_ => HoldAsync("")));
        var replies = await Task.WhenAll(Enumerable.Range(0, 2 * OpensTheBreaker).Select(_ => Client.SyncedAsync(Job, "t", default)));
        Assert.All(replies, reply => Assert.Equal(TheEyeFault.Slow, FaultOf(reply)));
        await held;

        _ = AnswerAsync(Whole);
        Assert.IsType<TheEyeReply.Ok>(await Client.SyncedAsync(Job, "t", default));
    }

    /// <summary>As with a machine that is down: nothing refuses the connection. A listener whose queue is full does not either.</summary>
    [Fact]
    public async Task A_request_whose_connection_is_not_accepted_in_time_was_not_sent()
    {
        _requestTimeout = TimeSpan.FromMilliseconds(500);
        var address = (IPEndPoint)_listener.LocalEndpoint;
        _listener.Stop();
        using var full = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(address);
        full.Listen(backlog: 0);
        using var first = new TcpClient();
        await first.ConnectAsync(address);

        Assert.Equal(TheEyeFault.Unreachable, FaultOf(await Client.SyncedAsync(Job, "t", default)));
        Assert.Contains(nameof(TaskCanceledException), Assert.Single(Failures).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_is_sent_again_when_TheEye_says_so()
    {
        var time = new UnwaitedTime();
        _time = time;
        _ = AnswerAsync(Busy(3), Whole);
        Assert.IsType<TheEyeReply.Ok>(await Client.JobAsync("acme", Job, "t", default));
        Assert.Equal(TimeSpan.FromSeconds(3), Assert.Single(time.Pauses));
    }

    [Fact]
    public async Task A_read_is_not_sent_again_when_TheEye_says_after_the_time_limit()
    {
        _ = AnswerAsync(Busy(60), Whole);
        Assert.IsNotType<TheEyeReply.Ok>(await Client.JobAsync("acme", Job, "t", default));
        Assert.Equal(1, _arrived);
    }

    private static string Busy(int seconds) =>
        $"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {seconds}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    private static TheEyeFault FaultOf(TheEyeReply reply) => Assert.IsType<TheEyeReply.Failed>(reply).Fault;

    /// <summary>Answers the first request of a connection, and closes it at the second.</summary>
    private async Task ServeAsync(bool orderly)
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptSocketAsync();
                await RequestAsync(connection);
                await connection.SendAsync(Encoding.ASCII.GetBytes(Whole));
                await RequestAsync(connection);
                connection.LingerState = new LingerOption(!orderly, 0);
            }
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // The listener was stopped.
        }
    }

    /// <summary>Answers one request of each connection, and closes it.</summary>
    private Task AnswerAsync(params string[] answers) => AnswerAsync(() => { }, answers);

    private async Task AnswerAsync(Action asked, params string[] answers)
    {
        foreach (var answer in answers)
        {
            using var connection = await _listener.AcceptSocketAsync();
            await RequestAsync(connection);
            asked();
            await connection.SendAsync(Encoding.ASCII.GetBytes(answer));
        }
    }

    /// <summary>Begins an answer and does not end it, until the client closes the connection.</summary>
    private async Task HoldAsync(string begun, Action? whenBegun = null)
    {
        using var connection = await _listener.AcceptSocketAsync();
        await RequestAsync(connection);
        await connection.SendAsync(Encoding.ASCII.GetBytes(begun));
        whenBegun?.Invoke();
        await connection.ReceiveAsync(new byte[1]);
    }

    private async Task RequestAsync(Socket connection)
    {
        var read = new byte[4096];
        var text = new StringBuilder();
        while (!text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var length = await connection.ReceiveAsync(read);
            if (length == 0)
            {
                return;
            }

            text.Append(Encoding.ASCII.GetString(read, 0, length));
        }

        Interlocked.Increment(ref _arrived);
    }

    /// <summary>A clock whose timers end at once.</summary>
    private sealed class UnwaitedTime : TimeProvider
    {
        public ConcurrentQueue<TimeSpan> Pauses { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Pauses.Enqueue(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
