using System.Globalization;
using System.Text.Json;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Load;

/// <summary>Clients whose jobs are scripts that the silos run.</summary>
internal sealed class ScriptClients(ScriptCluster cluster) : Clients(cluster, "demo-token")
{
    public const string NoGate = "-";

    /// <summary>Runs a script and waits at the gateway.</summary>
    public Call Call(Server gateway, string gate = NoGate, double seconds = 0) => Script(gateway, gateway, gate, seconds);

    /// <summary>Runs a script that no other one of its task may run beside.</summary>
    public Call Solo(Server gateway, double seconds) => Script(gateway, gateway, NoGate, seconds, "solo");

    /// <summary>A job that ends at once, without a script.</summary>
    public Call Echo(Server gateway) => Begin(gateway, gateway, "/demo/task/echo/job?full", runsScript: false, id => [id]);

    /// <summary>Runs a script by way of the clerk, so that the job's address is known, and waits at the gateway.</summary>
    public Call Submit(Server gateway, string gate = NoGate, double seconds = 0) => Script(cluster.Clerk, gateway, gate, seconds);

    /// <summary>One more that waits for a job whose address is known.</summary>
    public async Task<Call> JoinAsync(Call other, Server gateway)
    {
        var location = await other.Location;
        var call = new Call(other.Id, other.RunsScript, joins: true);
        call.Locate(location);
        return Follow(call, gateway, gateway, () => Get(location));
    }

    /// <summary>What the server says of a job now.</summary>
    public async Task<string> LookAsync(Server gateway, string jobId)
    {
        using var request = Get($"/demo/job/{jobId}/result?full");
        using var response = await gateway.Http.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The status of the answer.</summary>
    public async Task<int> CancelAsync(Server gateway, string location)
    {
        using var request = Get(location.Split("/result")[0] + "/cancel");
        request.Method = HttpMethod.Put;
        using var response = await gateway.Http.SendAsync(request);
        return (int)response.StatusCode;
    }

    protected override Outcome Judge(Call call, int status, string body)
    {
        // 404 is what the address says that came with "it is not known whether the job was started", when it was not.
        if (status == 503 || (status == 404 && call.PutOff > 0 && !call.Joins))
        {
            return Outcome.Refused;
        }

        if (status is not (200 or 500) || !body.StartsWith("{\"id\":", StringComparison.Ordinal))
        {
            return Outcome.Wrong;
        }

        using var job = JsonDocument.Parse(body);
        var state = job.RootElement.GetProperty("state").GetString();
        var lifecycle = job.RootElement.GetProperty("lifecycle").GetString();
        var output = job.RootElement.GetProperty("output").GetRawText();
        return (status, lifecycle, state) switch
        {
            (200, "finished", "success") => output == $"[\"{call.Id}\"]" ? Outcome.Right : Outcome.Wrong,
            (500, "terminated", "failure") when output.Contains("The server that ran the job is gone.", StringComparison.Ordinal) => Outcome.Lost,
            (500, "terminated", "failure") when output.Contains("The server was stopped while the script ran.", StringComparison.Ordinal) => Outcome.Stopped,
            (500, "canceled" or "terminated", "canceled") => Outcome.Canceled,
            _ => Outcome.Wrong,
        };
    }

    private Call Script(Server first, Server then, string gate, double seconds, string task = "traced") => Begin(
        first, then, $"/demo/task/{task}/job?full", runsScript: true, id => [id, gate, seconds.ToString(CultureInfo.InvariantCulture)]);
}
