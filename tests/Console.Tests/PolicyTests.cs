using static Microsoft.Playwright.Assertions;

namespace SyncCluster.WebConsole.Tests;

/// <summary>What a page's policy lets it load, in a browser that keeps to it.</summary>
[Collection(SharedSite.Name)]
public sealed class PolicyTests(ConsoleSite site)
{
    private const string Report = "Content-Security-Policy: ";

    [BrowserFact]
    public async Task Nothing_that_the_server_did_not_name_runs_and_each_visit_would_fail_by_it()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        Assert.Empty(visit.Complaints);
        visit.Expect("Content Security Policy", Report);
        await page.EvaluateAsync("""
            () => {
              const script = document.createElement('script')
              script.textContent = 'document.title = "taken"'
              document.body.append(script)
              const foreign = document.createElement('script')
              foreign.src = '/docs/scalar.js'
              document.body.append(foreign)
              document.body.insertAdjacentHTML('beforeend', '<p id="painted" style="color: rgb(1, 2, 3)">x</p>')
            }
            """);
        await Expect(page.Locator("#painted")).Not.ToHaveCSSAsync("color", "rgb(1, 2, 3)");
        Assert.DoesNotContain("taken", await page.TitleAsync(), StringComparison.Ordinal);
        await SyncCluster.Harness.Eventually.TrueAsync(
            () => visit.Complaints.Count(complaint => complaint.StartsWith(Report, StringComparison.Ordinal)) == 3, "the browser has reported all three");
    }
}
