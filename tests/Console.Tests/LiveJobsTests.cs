using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SyncCluster.WebConsole.Tests;

/// <summary>The list of jobs in a real browser: it keeps itself up to date, and jobs are chosen in it.</summary>
[Collection(SharedSite.Name)]
public sealed partial class LiveJobsTests(ConsoleSite site)
{
    static LiveJobsTests() => SetDefaultExpectTimeout(60_000);

    [BrowserFact]
    public async Task A_list_shows_ends_and_announces_newer_jobs_without_moving_what_one_reads()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        var end = site.NewPath();
        await visit.RunAsync(await site.ImportAsync("listed", $"until [ -e {end} ]; do sleep 0.05; done"));
        var job = page.Url.Split('/')[^1];
        await page.GotoAsync("/console/jobs");
        var row = page.Locator($"tr[data-job='{job}']");
        await Expect(row.Locator(".state")).ToHaveTextAsync("running");
        var place = (await row.BoundingBoxAsync())!.Y;
        await page.EvaluateAsync("window.isTheSamePage = true");
        await File.WriteAllTextAsync(end, "");
        await Expect(row.Locator(".state")).ToHaveTextAsync("success");
        await Expect(row.Locator(".took")).Not.ToHaveTextAsync("");

        await using var other = await site.OpenAsync();
        await other.SignInAsync(ConsoleSite.User);
        await other.RunAsync("hello", ("name", "you"));
        var later = other.Page.Url.Split('/')[^1];
        await Expect(page.Locator("#jobs-news")).ToHaveTextAsync("1 newer job: show");
        Assert.Equal(place, (await row.BoundingBoxAsync())!.Y);
        Assert.True(await page.EvaluateAsync<bool>("window.isTheSamePage"));
        await page.Locator("#jobs-news a").ClickAsync();
        await Expect(page.Locator($"tr[data-job='{later}']")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task Chosen_jobs_are_canceled_after_a_question_and_the_page_says_what_became_of_each()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await visit.RunAsync("slow", ("seconds", "300"), ("what to answer", "x"));
        await visit.RunAsync("slow", ("seconds", "300"), ("what to answer", "y"));
        await page.GotoAsync("/console/jobs?state=unfinished&task=slow");
        await Expect(page.GetByRole(AriaRole.Button, new() { NameRegex = Cancel() })).ToBeDisabledAsync();
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Choose all jobs of this page" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel 2 jobs…" }).ClickAsync();
        await Expect(page.Locator("#chosen-heading")).ToHaveTextAsync("Cancel 2 jobs?");
        await visit.WaitForScriptsAsync();
        await page.EvaluateAsync("window.isTheSamePage = true");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel 2 jobs" }).ClickAsync();
        await Expect(page.Locator("#chosen-heading")).ToHaveTextAsync("Canceled: 2 of 2 jobs");
        await Expect(page.Locator("td.note.good")).ToHaveTextAsync(["Canceled.", "Canceled."]);
        await Expect(page.Locator("#chosen .state")).ToHaveTextAsync(["canceled", "canceled"]);
        await Expect(page.GetByText("What has become of it")).ToBeVisibleAsync();
        await Expect(page.GetByText("Who waits for a job")).ToBeHiddenAsync();
        Assert.True(await page.EvaluateAsync<bool>("window.isTheSamePage"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Back to the jobs" }).ClickAsync();
        await Expect(page.GetByText("There are no such jobs")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task A_list_asks_once_in_five_seconds_and_not_while_it_is_hidden()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await page.AddInitScriptAsync("""
            window.timers = []
            window.setTimeout = (run, pause) => timers.push({ run, pause })
            window.clearTimeout = id => { if (timers[id - 1]) timers[id - 1].run = null }
            """);
        await page.GotoAsync("/console/jobs");
        Assert.Equal(5000, await page.EvaluateAsync<int>("timers[0].pause"));
        await page.RunAndWaitForResponseAsync(() => page.EvaluateAsync("timers[0].run()"), response => response.Url.Contains("/changes", StringComparison.Ordinal));
        await page.WaitForFunctionAsync("() => timers.length === 2");
        Assert.Equal(5000, await page.EvaluateAsync<int>("timers[1].pause"));

        await page.EvaluateAsync("Object.defineProperty(document, 'hidden', { value: true, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))");
        Assert.True(await page.EvaluateAsync<bool>("timers.length === 2 && timers[1].run === null"));
        await page.EvaluateAsync("Object.defineProperty(document, 'hidden', { value: false }); document.dispatchEvent(new Event('visibilitychange'))");
        Assert.Equal(3, await page.EvaluateAsync<int>("timers.length"));
    }

    [BrowserFact]
    public async Task A_range_is_given_in_the_time_of_the_browser_with_or_without_a_time_of_the_day()
    {
        await using var visit = await site.OpenAsync(new() { TimezoneId = "Asia/Kolkata" });
        visit.Expect("400");
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await visit.RunAsync("hello", ("name", "you"));
        var job = page.Url.Split('/')[^1];
        await page.GotoAsync("/console/jobs?task=hello");
        var (from, fromTime) = (page.GetByLabel("From", new() { Exact = true }), page.GetByLabel("From, time of the day"));
        var (to, toTime) = (page.GetByLabel("To", new() { Exact = true }), page.GetByLabel("To, time of the day"));
        await from.FillAsync("2001-01-31");
        await fromTime.FillAsync("10:00");
        await ShowAsync("from=2001-01-31T04%3A30Z");
        await Expect(page.Locator($"tr[data-job='{job}']")).ToBeVisibleAsync();
        await Expect(page.Locator("#jobs")).ToHaveAttributeAsync("data-changes", "api/jobs/changes?task=hello&from=2001-01-31T04%3A30Z");

        // A day ends where the next one begins there.
        await to.FillAsync("2001-02-28");
        await ShowAsync("from=2001-01-31T04%3A30Z&to=2001-02-28T18%3A30Z");
        await Expect(page.GetByText("There are no such jobs")).ToBeVisibleAsync();
        await Expect(from).ToHaveValueAsync("2001-01-31");
        await Expect(fromTime).ToHaveValueAsync("10:00");
        await Expect(to).ToHaveValueAsync("2001-02-28");
        await Expect(toTime).ToHaveValueAsync("");

        // What was shown is what is sent again.
        await ShowAsync("from=2001-01-31T04%3A30Z&to=2001-02-28T18%3A30Z");
        await to.FillAsync("");
        await toTime.FillAsync("12:00");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("give its day as well");
        await Expect(from).ToHaveValueAsync("2001-01-31");

        async Task ShowAsync(string range)
        {
            await page.EvaluateAsync("document.body.dataset.old = 'true'");
            await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
            await Expect(page.Locator("body:not([data-old])")).ToBeVisibleAsync();
            await Expect(page).ToHaveURLAsync($"{site.Address}console/jobs?task=hello&state=&user=&{range}");
            await visit.WaitForScriptsAsync();
        }
    }

    [GeneratedRegex("^Cancel")]
    private static partial Regex Cancel();
}
