using System.Text;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness.Processes;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>
/// A silo and a gateway in front of a stand-in of TheEye, on what version 0.1 has stored in Redis. Of its jobs the stand-in has only the one that was
/// not released.
/// </summary>
public class Version01TheEyeCluster : ClusterFixture
{
    internal const string Customer = "acme";
    internal const string Token = "caller-token";
    internal const string TaskId = "5f00000000000000000000aa";

    private const string CustomerId = "5f0000000000000000000acc";
    private const string ServiceToken = "service-token";

    private TheEyeServer? _theEye;

    internal TheEyeServer TheEye => _theEye!;

    internal Recorded Recorded { get; } = Recorded.Read("theeye.answers.json");

    private protected virtual IReadOnlyList<string> SiloProgram => ServerPrograms.Silo;

    private protected virtual IReadOnlyList<string> GatewayProgram => ServerPrograms.Gateway;

    private protected virtual string[] MoreSettings => [];

    private string[] Settings =>
    [
        "--Executor=TheEye",
        $"--TheEye:Supervisor={TheEye.Supervisor}",
        $"--TheEye:Gateway={TheEye.Gateway}",
        $"--TheEye:Redis={Redis.Endpoint}",
        $"--TheEye:ServiceTokens:{Customer}={ServiceToken}",
        "--TheEye:RequestTimeout=00:00:04",
        "--TheEye:SettleTime=00:00:12",
        "--TheEye:PollInterval=00:00:02",
        .. MoreSettings,
    ];

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_theEye is not null)
        {
            await _theEye.DisposeAsync();
        }
    }

    internal Task<Exchange> SendAsync(Exchange request) => request.SendAsync(Gateways[0].Http);

    private protected override async Task StartAsync()
    {
        _theEye = await TheEyeServer.StartAsync(new() { Redis = Redis.Endpoint, Agent = RunAsync });
        foreach (var (token, name) in (IEnumerable<(string, string)>)[(Token, "caller"), (ServiceToken, "service")])
        {
            _theEye.AddUser(token, new() { Username = name, Email = $"{name}@{Customer}.example", Customer = Customer, CustomerId = CustomerId });
        }

        _theEye.AddTask(Customer, new() { Id = TaskId, ArgumentCount = 1 });
        await PrepareAsync();
        await StartSilosAsync([CreateSilo(1)]);
        await StartGatewaysAsync([AddGateway("gateway", GatewayProgram, [$"--Cluster:Redis={Redis.Endpoint}", .. Settings])]);
    }

    private protected virtual async Task PrepareAsync()
    {
        await (await StoredKeys.ReadAsync(Recorded.PathOf("theeye.redis.json"))).WriteAsync(Redis);
        TheEye.AddJob(Recorded.Unfinished[TheEyeRecording.NotReleased].JobId!, Customer, TaskId, """["not released"]"""u8.ToArray());
    }

    private protected override Server CreateSilo(int number) => AddSilo($"silo {number}", SiloProgram, Settings);

    /// <summary>The output is the arguments; <c>["fail"]</c> is a failure.</summary>
    private static Task<JobEnd> RunAsync(RunningJob job, CancellationToken canceled)
    {
        var output = Encoding.UTF8.GetString(job.Arguments.Span);
        return Task.FromResult(output == """["fail"]""" ? JobEnd.Failure(output) : JobEnd.Success(output));
    }
}
