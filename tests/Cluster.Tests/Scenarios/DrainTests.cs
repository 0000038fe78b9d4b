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

        // A silo that is busy for a second is shown as one that does not answer.
        var full = $"{ScriptCluster.Concurrency} of {ScriptCluster.Concurrency}";
        await Eventually.TrueAsync(
            async () => await console.OpenAsync("cluster") is var page
                && Regex.Count(page, ">active<") == 3 && page.Contains(full, StringComparison.Ordinal),
            "the page shows three active silos that run as many scripts as they may");

        // All gateways are on the page of each.
        await Eventually.TrueAsync(
            async () => Regex.Count(Section(await console.OpenAsync("cluster"), "gateways"), "<th scope=\"row\"") == 3, "the gateways know each other");
        var address = OperatorConsole.AddressOf(silo);
        var question = $"cluster/drain?silo={Uri.EscapeDataString(address)}";
        await Eventually.TrueAsync(
            async () => (await console.TryOpenAsync(question)).Page.Contains("Drain it", StringComparison.Ordinal), "the page asks whether to drain");
        await DrainAsync();
        await Eventually.TrueAsync(async () => RowOf(await console.OpenAsync("cluster"), address).Contains("drains: ", StringComparison.Ordinal), "the page shows that the silo drains");

        // To ask again does no harm, and its scripts are let end.
        await DrainAsync();
        Latch.Open();
        Assert.Equal(0, await silo.Process.ExitAsync());
        Print($"{silo.Name} has stopped.");
        await Eventually.TrueAsync(async () => !(await console.OpenAsync("cluster")).Contains($"data-silo=\"{address}\"", StringComparison.Ordinal), "the page forgets the silo");
        await Eventually.TrueAsync(
            async () => await console.SubmitAsync("cluster/drain", ("silo", address)) == HttpStatusCode.NotFound, "there is no such silo to drain");
        await AuditAsync(Outcome.None);

        // A silo that has not answered in time is asked again.
        Task DrainAsync() => Eventually.TrueAsync(
            async () => await console.SubmitAsync("cluster/drain", ("silo", address)) == HttpStatusCode.SeeOther, "the silo drains");
    }

    [ClusterFact]
    public async Task A_silo_that_hangs_is_shown_as_such_beside_the_others()
    {
        using var console = await OperatorConsole.SignInAsync(RandomGateway());
        await Eventually.TrueAsync(async () => Regex.Count(await console.OpenAsync("cluster"), ">active<") == 3, "all silos answer");
        var silo = RandomSilo();
        var address = OperatorConsole.AddressOf(silo);

        // That it is dead can't be stored meanwhile: then it would no longer be on the page.
        await Cluster.Redis.PauseWritesAsync();
        silo.Freeze();
        var page = "";
        await Eventually.TrueAsync(
            async () => RowOf(page = await console.OpenAsync("cluster"), address).Contains(">no answer<", StringComparison.Ordinal)
                && Regex.Count(page, ">active<") == 2,
            "the page shows that the silo does not answer, and that the others do");
        Assert.Contains("has not answered. If it is gone", page, StringComparison.Ordinal);
        await Cluster.Redis.ResumeWritesAsync();
        Pass();
    }

    private static string RowOf(string page, string address) =>
        page.Split("<tr data-silo=\"").FirstOrDefault(row => row.StartsWith($"{WebUtility.HtmlEncode(address)}\"", StringComparison.Ordinal)) ?? "";

    private static string Section(string page, string id) => page.Split($"id=\"{id}\"")[1].Split("</table>")[0];
}
