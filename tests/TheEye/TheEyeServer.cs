using StackExchange.Redis;
using SyncCluster.Harness;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Http;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.TheEye;

/// <summary>
/// A stand-in of TheEye: its gateway and its supervisor as HTTP servers on ports of their own, agents that run jobs in this process, and
/// messages on Redis when jobs end. It behaves like the original, its defects included, and can be made to fail at every step.
/// </summary>
public sealed class TheEyeServer : IAsyncDisposable
{
    private readonly IConnectionMultiplexer? _redis;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Accounts _accounts = new();
    private readonly Changes _changes = new();
    private readonly Publisher _publisher;
    private readonly Supervisor _supervisor;
    private readonly SupervisorApi _supervisorApi;
    private readonly GatewayApi _gatewayApi;
    private readonly SemaphoreSlim _switching = new(1);
    private Listener? _gatewayListener;
    private Listener? _supervisorListener;

    private TheEyeServer(TheEyeOptions options, IConnectionMultiplexer? redis)
    {
        _redis = redis;
        _publisher = new Publisher(redis, options, Faults, Counters, _changes, _stopping.Token);
        var requests = new RequestHandler(Faults, Counters, _changes, options.Time);
        _supervisor = new Supervisor(options, Counters, _changes, _publisher);
        _supervisorApi = new SupervisorApi(requests, _accounts, _supervisor, options);
        _gatewayApi = new GatewayApi(requests, _accounts, Counters);
    }

    /// <summary>The supervisor's base URL; it stays the same when the supervisor is stopped and started.</summary>
    public Uri Supervisor { get; private set; } = null!;

    /// <summary>The gateway's base URL; it stays the same when the gateway is stopped and started.</summary>
    public Uri Gateway { get; private set; } = null!;

    /// <summary>The planned faults.</summary>
    public FaultPlan Faults { get; } = new();

    /// <summary>Counts of requests and actions.</summary>
    public Counters Counters { get; } = new();

    /// <summary>All jobs so far, deleted ones included, unless they are forgotten.</summary>
    public IEnumerable<JobSnapshot> Jobs => _supervisor.Jobs.Select(job => job.Snapshot());

    /// <exception cref="RedisConnectionException">There is no Redis there.</exception>
    public static async Task<TheEyeServer> StartAsync(TheEyeOptions options)
    {
        var redis = options.Redis is null ? null : await ConnectionMultiplexer.ConnectAsync(options.Redis);
        var server = new TheEyeServer(options, redis);
        await server.StartGatewayAsync();
        await server.StartSupervisorAsync();
        return server;
    }

    /// <summary>Adds a token and its user, or gives a known token another user.</summary>
    public void AddUser(string token, TheEyeUser user) => _accounts.AddUser(token, user);

    public void RemoveToken(string token) => _accounts.RemoveToken(token);

    /// <summary>Adds a customer without a user.</summary>
    public void AddCustomer(TheEyeCustomer customer) => _accounts.AddCustomer(customer);

    /// <summary>Adds a task, or replaces the one with its id for later jobs.</summary>
    /// <param name="customer">The name of a customer that was added, by itself or with a user.</param>
    /// <param name="task">The task.</param>
    public void AddTask(string customer, TheEyeTask task) => _accounts.AddTask(customer, task);

    /// <summary>Adds a syncing job, as if it had been created before this server was started.</summary>
    /// <param name="id">The job's id.</param>
    /// <param name="customer">The task's customer.</param>
    /// <param name="task">The id of a task that has been added.</param>
    /// <param name="arguments">The job's arguments: JSON, an array.</param>
    public void AddJob(string id, string customer, string task, ReadOnlyMemory<byte> arguments) =>
        _supervisor.Add(id, _accounts.Task(customer, task) ?? throw new KeyNotFoundException($"There is no task {task}."), arguments);

    /// <summary>The state of a job; of a deleted one, its last state.</summary>
    /// <exception cref="KeyNotFoundException">There never was such a job.</exception>
    public JobSnapshot Job(string id) => Find(id).Snapshot();

    /// <summary>Ends an approval job that is on hold; false where it is not.</summary>
    public bool Approve(string id) => _supervisor.Approve(Find(id));

    /// <summary>Ends a job in any lifecycle; false where it had ended before.</summary>
    public bool Finish(string id, JobEnd end) => _supervisor.End(Find(id), end);

    /// <summary>Deletes a job: it answers 404 from now on, and no agent starts it.</summary>
    public void Delete(string id) => _supervisor.Delete(Find(id));

    /// <summary>Completes as soon as the condition holds; it is checked after each change of a job or a counter.</summary>
    public Task WhenAsync(Func<bool> condition) => _changes.WhenAsync(condition);

    /// <summary>Stops the supervisor at once: its port is closed, connections are reset, requests are aborted.</summary>
    public async Task StopSupervisorAsync()
    {
        await _switching.WaitAsync();
        try
        {
            if (_supervisorListener is { } running)
            {
                _supervisor.Agents.SupervisorIsDown();
                _supervisorListener = null;
                await running.DisposeAsync();
            }
        }
        finally
        {
            _switching.Release();
        }
    }

    /// <summary>Starts the supervisor again, at its port and with its jobs.</summary>
    public async Task StartSupervisorAsync()
    {
        await _switching.WaitAsync();
        try
        {
            _supervisorListener ??= await Listener.StartAsync(Supervisor?.Port ?? FreePort.Next(), _supervisorApi.HandleAsync);
            Supervisor = _supervisorListener.Address;
            _supervisor.Agents.SupervisorIsUp();
        }
        finally
        {
            _switching.Release();
        }
    }

    /// <summary>Stops the gateway at once: its port is closed, and the messages of jobs that end meanwhile are lost.</summary>
    public async Task StopGatewayAsync()
    {
        await _switching.WaitAsync();
        try
        {
            _publisher.IsUp = false;
            if (_gatewayListener is { } running)
            {
                _gatewayListener = null;
                await running.DisposeAsync();
            }
        }
        finally
        {
            _switching.Release();
        }
    }

    /// <summary>Starts the gateway again, at its port.</summary>
    public async Task StartGatewayAsync()
    {
        await _switching.WaitAsync();
        try
        {
            _gatewayListener ??= await Listener.StartAsync(Gateway?.Port ?? FreePort.Next(), _gatewayApi.HandleAsync);
            Gateway = _gatewayListener.Address;
            _publisher.IsUp = true;
        }
        finally
        {
            _switching.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _supervisor.Agents.Stop();
        Faults.Clear();
        await StopSupervisorAsync();
        await StopGatewayAsync();
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        _stopping.Dispose();
        _switching.Dispose();
    }

    private Job Find(string id) => _supervisor.Find(id) ?? throw new KeyNotFoundException($"There is no job {id}.");
}
