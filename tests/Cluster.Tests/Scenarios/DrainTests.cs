using System.Net;
using System.Text.RegularExpressions;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>
/// What an operator sees of silos that run, hang and stop, and how one is drained from the console's page. It takes real processes: one that is frozen
/// answers nobody, and one that is drained ends.
/// </summary>
public sealed class DrainTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    [ClusterFact]
    public async Task Calls_go_on_while_a_silo_is_drained_from_the_page_and_none_is_lost()
    {
        StartBackgroundCalls();
        await FillSilosAsync();
        var silo = RandomSilo();
        using var console = await OperatorConsole.SignInAsync(RandomGateway());
        var page = await console.OpenAsync("cluster");
        Assert.Equal(3, Regex.Count(page, ">active<"));
        Assert.Contains($"{ScriptCluster.Concurrency} of {ScriptCluster.Concurrency}", page, StringComparison.Ordinal);

        // All gateways are on the page of each.
        await Eventually.TrueAsync(
            async () => Regex.Count(Section(await console.OpenAsync("cluster"), "gateways"), "<th scope=\"row\"") == 3, "the gateways know each other");
        var address = OperatorConsole.AddressOf(silo);
        Assert.Contains("Drain it", await console.OpenAsync($"cluster/drain?silo={Uri.EscapeDataString(address)}"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, await console.SubmitAsync("cluster/drain", ("silo", address)));
        await Eventually.TrueAsync(async () => RowOf(await console.OpenAsync("cluster"), address).Contains("drains: ", StringComparison.Ordinal), "the page shows that the silo drains");

        // To ask again does no harm, and its scripts are let end.
        Assert.Equal(HttpStatusCode.SeeOther, await console.SubmitAsync("cluster/drain", ("silo", address)));
        Latch.Open();
        Assert.Equal(0, await silo.Process.ExitAsync());
        Print($"{silo.Name} has stopped.");
        await Eventually.TrueAsync(async () => !(await console.OpenAsync("cluster")).Contains($"data-silo=\"{address}\"", StringComparison.Ordinal), "the page forgets the silo");
        Assert.Equal(HttpStatusCode.NotFound, await console.SubmitAsync("cluster/drain", ("silo", address)));
        await AuditAsync(Outcome.None);
    }

    [ClusterFact]
    public async Task A_silo_that_hangs_is_shown_as_such_beside_the_others()
    {
        using var console = await OperatorConsole.SignInAsync(RandomGateway());
        await Eventually.TrueAsync(async () => Regex.Count(await console.OpenAsync("cluster"), ">active<") == 3, "all silos answer");
        var silo = RandomSilo();
        silo.Freeze();

        // It is declared dead soon, and is no longer on the page then.
        var page = await console.OpenAsync("cluster");
        Assert.Contains(">no answer<", RowOf(page, OperatorConsole.AddressOf(silo)), StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(page, ">active<"));
        Assert.Contains("has not answered. If it is gone", page, StringComparison.Ordinal);
        Pass();
    }

    private static string RowOf(string page, string address) =>
        page.Split("<tr data-silo=\"").FirstOrDefault(row => row.StartsWith($"{WebUtility.HtmlEncode(address)}\"", StringComparison.Ordinal)) ?? "";

    private static string Section(string page, string id) => page.Split($"id=\"{id}\"")[1].Split("</table>")[0];
}
