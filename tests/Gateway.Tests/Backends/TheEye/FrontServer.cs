using StackExchange.Redis;
using SyncCluster.Gateway.Tests.Clustering;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.TheEye;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>The real server in front of a stand-in of TheEye, with the users of <see cref="TestServer"/>.</summary>
public class FrontServer : TestServer
{
    public const string CustomerId = "5f0000000000000000000acc";

    private readonly RedisInProcess _redis = new();

    public TheEyeServer TheEye { get; private set; } = null!;

    protected override bool HasUsers => false;

    /// <summary>How the stand-in is set up, beside its Redis.</summary>
    protected virtual TheEyeOptions Options { get; } = new();

    protected override string[] Settings =>
    [
        "--Executor=TheEye",
        $"--TheEye:Gateway={TheEye.Gateway}",
        $"--TheEye:Supervisor={TheEye.Supervisor}",
        $"--TheEye:Redis={_redis.Address}",
    ];

    public override async Task InitializeAsync()
    {
        TheEye = await TheEyeServer.StartAsync(Options with { Redis = _redis.Address });
        (string Token, string Name, string Credential, string Customer)[] users =
        [
            (Viewer, "vera", "viewer", "acme"),
            (User, "uma", "user", "acme"),
            (Ops, "otto", "user", "acme"),
            (Admin, "ada", "admin", "acme"),
            (Stranger, "gil", "admin", "globex"),
        ];
        foreach (var user in users)
        {
            AddUser(user.Token, user.Name, user.Credential, user.Customer);
        }

        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await TheEye.DisposeAsync();
        _redis.Dispose();
    }

    /// <summary>Has TheEye know a token.</summary>
    public void AddUser(string token, string name, string credential = "user", string customer = "acme") => TheEye.AddUser(token, new TheEyeUser
    {
        Username = name,
        Email = $"{name}@{customer}.example",
        Credential = credential,
        Customer = customer,
        CustomerId = customer == "acme" ? CustomerId : "5f0000000000000000000b0b",
    });

    /// <summary>Publishes on TheEye's Redis, as anybody there may.</summary>
    public async Task PublishAsync(string channel, string message)
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(_redis.Address);
        await redis.GetSubscriber().PublishAsync(RedisChannel.Literal(channel), message);
    }

    /// <summary>A task of acme; its id.</summary>
    public string AddTask(TheEyeTask? task = null)
    {
        task ??= new TheEyeTask();
        TheEye.AddTask("acme", task);
        return task.Id;
    }

    /// <summary>Runs a task; status and body.</summary>
    public async Task<(int Status, string Body)> CallAsync(string task, string json = "[]", string flags = "", string token = User)
    {
        using var response = await SendAsync(HttpMethod.Post, $"/acme/task/{task}/job{flags}", token, json);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
