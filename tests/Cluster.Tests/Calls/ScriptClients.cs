using System.Globalization;
using System.Net;
using System.Text.Json;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Calls;

/// <summary>Clients whose jobs are scripts that the silos run.</summary>
internal sealed class ScriptClients(ScriptCluster cluster) : ScenarioClients(cluster, "demo-token")
{
    /// <summary>Runs a script and waits at the gateway.</summary>
    public Call Call(Server gateway, string latch = ScriptLatch.None, double seconds = 0) => CallScript(gateway, gateway, latch, seconds);

    /// <summary>Runs a script of the serial task, and waits at the gateway.</summary>
    public Call CallSerial(Server gateway, double seconds, string latch = ScriptLatch.None) => CallScript(gateway, gateway, latch, seconds, "serial");

    /// <summary>As <see cref="Submit"/>, with a script of the serial task.</summary>
    public Call SubmitSerial(Server gateway, double seconds) => CallScript(cluster.ShortWaitGateway, gateway, ScriptLatch.None, seconds, "serial");

    /// <summary>Runs a script of the task of which there may be only <see cref="ScriptCluster.TaskLimit"/> jobs, and waits at the gateway.</summary>
    public Call CallLimited(Server gateway, string latch) => CallScript(gateway, gateway, latch, 0, "limited");

    /// <summary>Makes a job that ends at once, without a script.</summary>
    public Call CallDummy(Server gateway) => Start(gateway, gateway, "/demo/task/echo/job?full", runsScript: false, id => [id]);

    /// <summary>Runs a script through <see cref="ScriptCluster.ShortWaitGateway"/>, which makes the address of the job known, then waits at the gateway.</summary>
    public Call Submit(Server gateway, string latch = ScriptLatch.None, double seconds = 0) => CallScript(cluster.ShortWaitGateway, gateway, latch, seconds);

    /// <summary>Waits for the job of another call as well, once its address is known.</summary>
    public async Task<Call> AttachAsync(Call other, Server gateway)
    {
        var location = await other.Location;
        var call = new Call(other.Id, other.RunsScript, attaches: true);
        call.SetLocation(location);
        return Follow(call, gateway, gateway, () => Get(location));
    }

    /// <summary>The id of the job that has an address.</summary>
    public static string JobOf(string location) => location.Split('/', '?')[3];

    /// <summary>The answer of the result's address.</summary>
    public async Task<string> ReadResultAsync(Server gateway, string jobId)
    {
        using var request = Get($"/demo/job/{jobId}/result?full");
        using var response = await gateway.Http.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>Lists jobs page by page; their ids and states. A gateway whose silo has just died may have to be asked again.</summary>
    public async Task<IReadOnlyList<(string Job, string State)>> ListAsync(Server gateway, string query)
    {
        var jobs = new List<(string Job, string State)>();
        for (var cursor = ""; ;)
        {
            using var request = Get($"/demo/job?limit=100&{query}{cursor}");
            using var response = await gateway.Http.SendAsync(request);
            if (!response.IsSuccessStatusCode)
            {
                if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
                {
                    throw new InvalidOperationException($"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
                }

                continue;
            }

            using var page = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            jobs.AddRange(page.RootElement.EnumerateArray()
                .Select(job => (job.GetProperty("id").GetString()!, job.GetProperty("state").GetString()!)));
            if (!response.Headers.TryGetValues("Next-Cursor", out var next))
            {
                return jobs;
            }

            cursor = $"&cursor={next.Single()}";
        }
    }

    /// <summary>Cancels a job; gives the status of the answer. A gateway whose silo or Redis was too slow says so, and is asked again.</summary>
    public async Task<int> CancelAsync(Server gateway, string location)
    {
        var status = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                using var request = Get(location.Split("/result")[0] + "/cancel");
                request.Method = HttpMethod.Put;
                using var response = await gateway.Http.SendAsync(request);
                status = (int)response.StatusCode;
                return status != 503;
            },
            "the job's silo answers");
        return status;
    }

    protected override Outcome Judge(Call call, int status, string body)
    {
        // An answer may say that it is not known whether the job was started, and give its address. That address answers 404 when it was not.
        if (status == 503 || (status == 404 && call.Retries > 0 && !call.Attaches))
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

    private Call CallScript(Server first, Server then, string latch, double seconds, string task = "traced") => Start(
        first, then, $"/demo/task/{task}/job?full", runsScript: true, id => [id, latch, seconds.ToString(CultureInfo.InvariantCulture)]);
}
