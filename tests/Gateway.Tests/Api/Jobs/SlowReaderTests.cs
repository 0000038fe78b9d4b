using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Gateway.Waiting;
using Xunit.Abstractions;

namespace SyncCluster.Gateway.Tests.Api.Jobs;

/// <summary>Clients that ask for a large answer and read nothing of it. Memory is measured, so nothing else runs beside.</summary>
[Collection(Name)]
public sealed class SlowReaderTests(SlowReaderTests.PatientServer patient, SlowReaderTests.ImpatientServer impatient, ITestOutputHelper output)
    : IClassFixture<SlowReaderTests.PatientServer>, IClassFixture<SlowReaderTests.ImpatientServer>
{
    public const string Name = "slow readers";

    private const int Clients = 100;

    /// <summary>Prints a line of a million bytes, in JSON in JSON: the document has it four times, and <c>parse</c> has to unescape it.</summary>
    private const string Large = """printf '["\\"'; head -c 1000000 /dev/zero | tr '\0' x; printf '\\""]\n'""";

    [Theory]
    [InlineData("/result?full")]
    [InlineData("/result?parse")]
    [InlineData("/events?full")]
    [InlineData("")]
    [InlineData("/docs/scalar.js")]
    public async Task Answers_that_are_not_read_take_little_memory(string part)
    {
        var path = part.StartsWith("/docs", StringComparison.Ordinal) ? part : $"/acme/job/{await RunAsync(patient)}{part}";
        using (var warm = await patient.SendAsync(HttpMethod.Get, path))
        {
            Assert.InRange((await warm.Content.ReadAsByteArrayAsync()).Length, 1_000_000, 10_000_000);
        }

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var deaf = new List<Socket>();
        try
        {
            for (var i = 0; i < Clients; i++)
            {
                deaf.Add(await AskAsync(patient, path));
            }

            await TestServer.UntilAsync(() => deaf.All(socket => socket.Available > 0));
            var grown = GC.GetTotalMemory(forceFullCollection: true) - before;

            // A copy for each client would be a million bytes at the least.
            Assert.True(grown < Clients * 500_000, $"{grown} bytes for {Clients} clients.");
        }
        finally
        {
            deaf.ForEach(socket => socket.Dispose());
        }
    }

    /// <summary>The figures are printed (<c>dotnet test --logger "console;verbosity=detailed"</c>).</summary>
    [Fact]
    public async Task Waiters_for_one_large_job_that_read_nothing_take_little_memory_and_leave_the_server_ready()
    {
        const int Waiters = 300;
        var gate = Path.Combine(patient.Folder, Guid.NewGuid().ToString("N"));
        var task = await patient.ImportAsync($"until [ -e {gate} ]; do sleep 0.02; done; {Large}");
        using var started = await patient.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Prefer", "respond-async"));
        var job = started.Headers.GetValues("Job-Id").Single();
        var hub = patient.App.Services.GetRequiredService<WaiterHub>();
        var deaf = new List<Socket>();
        try
        {
            for (var i = 0; i < Waiters; i++)
            {
                deaf.Add(await AskAsync(patient, $"/acme/job/{job}/result?full"));
            }

            await TestServer.UntilAsync(() => hub.Waiters == Waiters);
            var before = (Managed: GC.GetTotalMemory(forceFullCollection: true), Process: Environment.WorkingSet);
            await File.WriteAllTextAsync(gate, "");
            var longest = TimeSpan.Zero;
            await Harness.Eventually.TrueAsync(AllAreAnsweredAsync, "all are answered");
            var peak = Environment.WorkingSet;
            var grown = GC.GetTotalMemory(forceFullCollection: true) - before.Managed;
            output.WriteLine(FormattableString.Invariant(
                $"{Waiters} waiters: {grown >> 20} MiB managed, {(peak - before.Process) >> 20} MiB of the process; the slowest readiness took {longest.TotalSeconds:0.000} s."));
            Assert.True(grown < Waiters * 500_000L, $"{grown} bytes for {Waiters} waiters.");

            async Task<bool> AllAreAnsweredAsync()
            {
                var asked = TimeProvider.System.GetTimestamp();
                using var ready = await patient.SendAsync(HttpMethod.Get, "/health/ready", token: null);
                Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
                longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, TimeProvider.System.GetElapsedTime(asked).Ticks));
                return deaf.All(socket => socket.Available > 0);
            }
        }
        finally
        {
            deaf.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task A_client_that_does_not_read_the_document_of_the_API_is_disconnected()
    {
        var before = Disconnected();
        using var deaf = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        await deaf.ConnectAsync(IPAddress.Loopback, impatient.Http.BaseAddress!.Port);
        await deaf.SendAsync(Encoding.ASCII.GetBytes(new StringBuilder().Insert(0, "GET /openapi/v1.json HTTP/1.1\r\nHost: localhost\r\n\r\n", 200).ToString()));
        await TestServer.UntilAsync(() => Disconnected() > before);

        int Disconnected() => impatient.Log.Events.Count(logged => logged.Text.Contains("it has read nothing of its answer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_reads_nothing_gives_its_place_back()
    {
        var job = await RunAsync(impatient);
        using var deaf = await AskUntilAnsweredAsync($"/acme/job/{job}/result?full");
        await Harness.Eventually.TrueAsync(
            async () =>
            {
                using var other = await impatient.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
                return other.StatusCode == HttpStatusCode.OK;
            },
            "the only place is free",
            TimeSpan.FromSeconds(60));

        // What has come can be read, and then the connection is at its end.
        await TestServer.UntilAsync(() => deaf.Poll(0, SelectMode.SelectError) || HasEnded(deaf));
    }

    /// <summary>The place of the request before may not be free yet.</summary>
    private async Task<Socket> AskUntilAnsweredAsync(string path)
    {
        var head = new byte["HTTP/1.1 200".Length];
        while (true)
        {
            var socket = await AskAsync(impatient, path);
            await TestServer.UntilAsync(() => socket.Available >= head.Length);
            socket.Receive(head, SocketFlags.Peek);
            if (head.AsSpan().SequenceEqual("HTTP/1.1 200"u8))
            {
                return socket;
            }

            socket.Dispose();
        }
    }

    private static bool HasEnded(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead) && socket.Receive(new byte[1 << 16]) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static async Task<string> RunAsync(TestServer server)
    {
        var task = await server.ImportAsync(Large);
        using var ended = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]");
        Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        return ended.Headers.GetValues("Job-Id").Single();
    }

    private static async Task<Socket> AskAsync(TestServer server, string path)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 2048 };
        await socket.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TestServer.User}\r\n\r\n"));
        return socket;
    }

    public sealed class PatientServer : TestServer
    {
        protected override string[] Settings => ["--Following:SlowReader=00:05:00"];
    }

    public sealed class ImpatientServer : TestServer
    {
        internal CapturedLog Log { get; } = new();

        protected override string[] Settings =>
        [
            "--Following:SlowReader=00:00:05", "--Limits:Waiters=1", "--Logging:LogLevel:SyncCluster.Gateway.Http.PacedWriter=Information",
        ];

        protected override void Prepare(WebApplication app) => app.Services.GetRequiredService<ILoggerFactory>().AddProvider(Log);
    }
}

[CollectionDefinition(SlowReaderTests.Name, DisableParallelization = true)]
public sealed class SlowReaders;
