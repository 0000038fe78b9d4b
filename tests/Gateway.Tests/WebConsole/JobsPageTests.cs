using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Gateway.WebConsole;
using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.WebConsole;

/// <summary>The list of jobs over HTTP: how it is filtered and paged, what its script asks for, and what is done with chosen jobs.</summary>
public sealed partial class JobsPageTests(JobsPageTests.Server server) : IClassFixture<JobsPageTests.Server>, IDisposable
{
    private const string Markup = "<script>alert(1)</script>";
    private const string NoJob = "0123456789abcdef01234567";

    private readonly Browser _browser = new(server.Http.BaseAddress!);

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task Each_filter_narrows_the_list_and_so_do_any_two()
    {
        await Eventually.TrueAsync(() => DateTimeOffset.UtcNow.TimeOfDay < new TimeSpan(23, 59, 30), "no day ends before the jobs are listed");
        var (one, other) = (await ImportAsync("echo '[]'"), await ImportAsync("printf '{\"state\":\"%s\"}\\n' \"$1\"", new { task_arguments = new[] { new { order = 0 } } }));
        (string Job, string Task, string State, string User)[] jobs =
        [
            (await EndedAsync(one, TestServer.User, "[]"), one, "success", "uma"),
            (await EndedAsync(one, TestServer.Admin, "[]"), one, "success", "ada"),
            (await EndedAsync(other, TestServer.User, """["success"]"""), other, "success", "uma"),
            (await EndedAsync(other, TestServer.User, """["failure"]"""), other, "failed", "uma"),
            (await EndedAsync(other, TestServer.Admin, """["failure"]"""), other, "failed", "ada"),
        ];
        (string Query, Func<(string Job, string Task, string State, string User), bool> Admits)[] filters =
        [
            ($"task={one}", job => job.Task == one),
            ($"task={other}", job => job.Task == other),
            ("state=success", job => job.State == "success"),
            ("state=failed", job => job.State == "failed"),
            ("state=unfinished", _ => false),
            ("user=ada", job => job.User == "ada"),
            ("user=uma", job => job.User == "uma"),
            ($"day={DateTimeOffset.UtcNow:yyyy-MM-dd}", _ => true),
            ("day=2001-01-01", _ => false),
        ];
        await _browser.SignInAsync(TestServer.User);
        foreach (var first in filters)
        {
            foreach (var second in filters.Where(second => second.Query.Split('=')[0] != first.Query.Split('=')[0]).Prepend(("", _ => true)))
            {
                var page = await _browser.OpenAsync($"/console/jobs?{first.Query}&{second.Query}");
                var listed = Listed(page).Intersect(jobs.Select(job => job.Job)).ToArray();
                Assert.Equal(jobs.Where(first.Admits).Where(second.Admits).Select(job => job.Job).Reverse(), listed);
            }
        }
    }

    [Fact]
    public async Task A_list_goes_on_with_older_jobs_and_back_to_the_newest()
    {
        var task = await ImportAsync("echo '[]'", new { type = "dummy" });
        var jobs = new List<string>();
        for (var call = 0; call < 102; call++)
        {
            jobs.Add(await EndedAsync(task, TestServer.User, "[]"));
        }

        jobs.Reverse();
        await _browser.SignInAsync(TestServer.User);
        var first = await _browser.OpenAsync($"/console/jobs?task={task}&state=success");
        Assert.Equal(jobs[..100], Listed(first));
        Assert.DoesNotContain("Newest jobs", first.Html, StringComparison.Ordinal);
        var second = await _browser.OpenAsync($"/console/{LinkOf(first, "Older jobs")}");
        Assert.Equal(jobs[100..], Listed(second));
        Assert.DoesNotContain("Older jobs", second.Html, StringComparison.Ordinal);
        Assert.Equal(jobs[..100], Listed(await _browser.OpenAsync($"/console/{LinkOf(second, "Newest jobs")}")));

        // Without a script, a link checks all boxes.
        Assert.DoesNotContain(" checked", first.Html, StringComparison.Ordinal);
        var chosen = await _browser.OpenAsync($"/console/{LinkOf(second, "Choose all of this page")}");
        Assert.Equal(jobs[100..], from Match box in Checked().Matches(chosen.Html) select box.Groups[1].Value);
    }

    [Fact]
    public async Task A_page_hears_what_has_become_of_its_jobs_and_which_are_newer()
    {
        var (gate, task) = await GatedAsync();
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        var job = await StartAsync(task);
        var page = await _browser.OpenAsync($"/console/jobs?task={task}");
        Assert.Contains("data-unfinished", page.Html, StringComparison.Ordinal);
        var at = Times().Match(page.Html).Groups[1].Value;
        var (changed, newer) = await ChangesAsync($"task={task}&jobs={job}&since={at}");
        Assert.Equal((job, "busy", ""), ((string)changed[0]!["id"]!, (string)changed[0]!["class"]!, (string)changed[0]!["took"]!));
        Assert.Equal([job], newer);

        var another = await StartAsync(task);
        await File.WriteAllTextAsync(gate, "");
        await AnswerAsync(job);
        (changed, newer) = await ChangesAsync($"task={task}&jobs={job},{NoJob}&since={at}");
        Assert.Equal([(job, "success", "good"), (NoJob, "deleted", "bad")], changed.Select(one => ((string)one!["id"]!, (string)one["state"]!, (string)one["class"]!)));
        Assert.NotEqual("", (string)changed[0]!["took"]!);
        Assert.Equal([another, job], newer);

        // What the filter does not admit is no news, and what nobody asks for is not looked for.
        Assert.Empty((await ChangesAsync($"task={task}&user=vera&since={at}")).Newer);
        Assert.Empty((await ChangesAsync($"task={task}&jobs={job}")).Newer);
        Assert.Empty((await ChangesAsync($"task={task}&day=2001-01-01&since={at}")).Newer);
        Assert.Equal([another, job], (await ChangesAsync($"task={task}&since=")).Newer);
    }

    [Fact]
    public async Task A_range_of_time_narrows_the_list_and_what_is_newer_and_links_of_a_day_still_do()
    {
        var task = await ImportAsync("echo '[]'", new { type = "dummy" });
        await _browser.SignInAsync(TestServer.User);
        string[] jobs = [await EndedLaterAsync(), await EndedLaterAsync(), await EndedLaterAsync()];
        var all = await ListAsync("");
        string[] times = [.. Times().Matches(all.Html).Select(time => time.Groups[1].Value).Reverse()];
        var days = (First: times[0][..10], Last: times[2][..10]);
        Assert.Equal(jobs.Reverse(), Listed(all));
        Assert.Equal([jobs[2], jobs[1]], Listed(await ListAsync($"from={times[1]}")));
        Assert.Equal([jobs[0]], Listed(await ListAsync($"to={times[1]}")));
        Assert.Equal([jobs[1]], Listed(await ListAsync($"from={times[1]}&to={times[2]}")));

        // Days, times of days as a form without a script sends them, and times of another zone.
        Assert.Equal(jobs.Reverse(), Listed(await ListAsync($"from={days.First}&to={days.Last}")));
        Assert.Equal(jobs.Reverse(), Listed(await ListAsync($"from={days.First}&from_time=00:00&to=9999-12-31&to_time=23:59")));
        Assert.Equal(jobs.Reverse(), Listed(await ListAsync("from=2001-01-01&to=9999-12-31")));
        Assert.Empty(Listed(await ListAsync("from=2001-01-01&to=2001-01-31")));
        var zoned = DateTimeOffset.Parse(times[1], CultureInfo.InvariantCulture).ToOffset(TimeSpan.FromHours(5.5)).ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture);
        Assert.Equal([jobs[0]], Listed(await ListAsync($"to={Uri.EscapeDataString(zoned)}")));

        if (days.First == days.Last)
        {
            var day = await ListAsync($"day={days.First}");
            Assert.Equal(jobs.Reverse(), Listed(day));
            Assert.All(["from", "to"], end => Assert.Contains($"name=\"{end}\" type=\"date\" value=\"{days.First}\"", day.Html, StringComparison.Ordinal));
        }

        var changes = WebUtility.HtmlDecode(Regex.Match((await ListAsync($"from={times[0]}&to={times[2]}")).Html, "data-changes=\"([^\"]*)\"").Groups[1].Value);
        Assert.Equal([jobs[1], jobs[0]], (await ChangesAsync($"{changes.Split('?')[1]}&since=")).Newer);
        Assert.Equal([jobs[1]], (await ChangesAsync($"{changes.Split('?')[1]}&since={times[1]}")).Newer);
        Assert.Empty((await ChangesAsync($"{changes.Split('?')[1]}&since={times[2]}")).Newer);

        Task<Page> ListAsync(string range) => _browser.OpenAsync($"/console/jobs?task={task}&{range}");

        // Times of jobs are told in milliseconds.
        async Task<string> EndedLaterAsync()
        {
            var begun = Environment.TickCount64;
            await TestServer.UntilAsync(() => Environment.TickCount64 > begun + 2);
            return await EndedAsync(task, TestServer.User, "[]");
        }
    }

    [Theory]
    [InlineData("from=nope", "are days such as")]
    [InlineData("to=2026-13-01", "are days such as")]
    [InlineData("from=10:00", "are days such as")]
    [InlineData("from=&from_time=10:00", "give its day as well")]
    [InlineData("from=2026-01-31T10:00Z&from_time=10:00", "are days such as")]
    [InlineData("day=nope", "are days such as")]
    [InlineData("from=2026-02-02&to=2026-02-01", "ends before it begins")]
    [InlineData("from=2026-02-02T10:00Z&to=2026-02-02T10:00Z", "ends before it begins")]
    public async Task A_range_that_is_none_is_refused_in_words_above_the_form(string query, string words)
    {
        await _browser.SignInAsync(TestServer.User);
        var page = await _browser.OpenAsync($"/console/jobs?user=uma&{query}");
        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.All([words, "role=\"alert\"", "name=\"user\" value=\"uma\""], shown => Assert.Contains(shown, page.Html, StringComparison.Ordinal));
        Assert.Empty(Listed(page));
        var changes = await _browser.OpenAsync($"/console/api/jobs/changes?{query}&since=");
        Assert.Equal(HttpStatusCode.BadRequest, changes.Status);
        Assert.Contains(words, changes.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_jobs_that_run_one_again_are_found_from_its_page()
    {
        var task = await ImportAsync("echo '[]'");
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        var first = await EndedAsync(task, TestServer.User, "[]");
        var again = (await _browser.PostAsync($"/console/api/jobs/{first}/again")).Job;
        await EndedAsync(task, TestServer.User, "[]");
        var page = await _browser.OpenAsync($"/console/jobs/{first}");
        var repeats = await _browser.OpenAsync($"/console/{LinkOf(page, "Jobs that run this one again")}");
        Assert.Equal([again], Listed(repeats).Except([first]));
        Assert.Equal([first, again], Listed(repeats));
        Assert.Contains($"name=\"again\" value=\"{first}\"", repeats.Html, StringComparison.Ordinal);
        Assert.Empty(Listed(await _browser.OpenAsync($"/console/{LinkOf(await _browser.OpenAsync($"/console/jobs/{again}"), "Jobs that run this one again")}")).Except([again]));
    }

    [Theory]
    [InlineData("jobs=nope")]
    [InlineData("state=nope")]
    public async Task Questions_that_no_page_asks_are_refused(string query)
    {
        await _browser.SignInAsync(TestServer.User);
        Assert.Equal(HttpStatusCode.NotFound, (await _browser.OpenAsync($"/console/api/jobs/changes?{query}")).Status);
        var many = string.Join(',', Enumerable.Repeat(NoJob, 101));
        Assert.Equal(HttpStatusCode.NotFound, (await _browser.OpenAsync($"/console/api/jobs/changes?jobs={many}")).Status);
    }

    [Fact]
    public async Task Changes_of_jobs_that_are_not_for_the_caller_are_not_told()
    {
        var task = await ImportAsync("echo '[]'", new { acl = new[] { "team:ops" } });
        var job = await EndedAsync(task, TestServer.Ops, "[]");
        await _browser.SignInAsync(TestServer.User);
        var (changed, newer) = await ChangesAsync($"task={task}&jobs={job}&since=");
        Assert.Equal((0, 0), (changed.Count, newer.Length));
        using var none = new Browser(server.Http.BaseAddress!);
        Assert.Equal(HttpStatusCode.Unauthorized, (await none.OpenAsync($"/console/api/jobs/changes?jobs={job}")).Status);
    }

    [Fact]
    public async Task Chosen_jobs_are_canceled_each_as_the_API_would()
    {
        var log = CapturedLog.Of(server.App);
        var (_, task) = await GatedAsync();
        var (_, guarded) = await GatedAsync(new { cancellable = false });
        var (_, hidden) = await GatedAsync(new { acl = new[] { "team:ops" } });
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        var running = await StartAsync(task);
        var alone = await StartAsync(guarded);
        using var ops = new Browser(server.Http.BaseAddress!);
        await ops.SignInAsync(TestServer.Ops);
        await ops.OpenAsync("/console/tasks");
        var others = (await ops.PostAsync($"/console/api/tasks/{hidden}/job", "[]")).Job;
        var ended = await EndedAsync(await ImportAsync("echo '[]'"), TestServer.User, "[]");
        string[] all = [running, alone, others, ended, NoJob];

        var asked = await _browser.OpenAsync($"/console/jobs/chosen?what=cancel&back=jobs%3Fstate%3Dunfinished&{string.Join('&', all.Select(job => $"job={job}"))}");
        Assert.Equal(HttpStatusCode.OK, asked.Status);
        Assert.Contains("Cancel 1 job?", asked.Html, StringComparison.Ordinal);
        Assert.Equal([running], from Match chosen in Hidden().Matches(asked.Html) select chosen.Groups[1].Value);
        string[] fates =
        [
            "Its script is told to stop.", "Nothing: an administrator only may cancel it.", "You are not on the access list of this job",
            "Nothing: it has ended already.", "There is no such job",
        ];
        Assert.All(fates.Zip(all), fate => Assert.Contains(fate.First, RowOf(asked, fate.Second), StringComparison.Ordinal));
        Assert.Equal("jobs?state=unfinished", LinkOf(asked, "Leave them"));
        Assert.Equal("assigned", await LifecycleAsync(running));

        // As if the page had been changed: what it left out is refused all the same.
        var done = await _browser.SubmitAsync("/console/jobs/chosen", [("what", "cancel"), .. all.Select(job => ("job", job))]);
        Assert.Contains("Canceled: 1 of 5 jobs", done.Html, StringComparison.Ordinal);
        string[] ends = ["Canceled.", "may be canceled by an administrator only", "You are not on the access list", "The job has ended already.", "There is no such job"];
        Assert.All(ends.Zip(all), end => Assert.Contains(end.First, RowOf(done, end.Second), StringComparison.Ordinal));
        Assert.Equal("assigned", await LifecycleAsync(alone));
        Assert.Equal("assigned", await LifecycleAsync(others, TestServer.Ops));
        Assert.StartsWith("terminated", await LifecycleAsync(running), StringComparison.Ordinal);

        var audited = log.Events.Where(logged => logged.Category == "SyncCluster.Audit" && (string?)logged.Values["Action"] == "cancel");
        await Eventually.TrueAsync(() => audited.Count() == all.Length, "each is in the audit log");
        Assert.Equal(
            [(running, 204), (alone, 403), (others, 403), (ended, 409), (NoJob, 404)],
            all.Select(job => audited.Single(logged => (string?)logged.Values["Job"] == job))
                .Select(logged => ((string)logged.Values["Job"]!, (int)logged.Values["Status"]!)));
        Assert.All(audited, logged => Assert.Equal(("token", "uma", "acme"), (logged.Values["By"], logged.Values["Username"], logged.Values["Customer"])));
        await _browser.SignInAsync(TestServer.Admin);
        await _browser.OpenAsync("/console/tasks");
        await _browser.SubmitAsync("/console/jobs/chosen", ("what", "cancel"), ("job", alone), ("job", others));
    }

    [Fact]
    public async Task Chosen_jobs_are_deleted_by_administrators_if_they_are_old_enough()
    {
        var task = await ImportAsync("echo '[]'");
        var (_, gated) = await GatedAsync();
        var (old, young) = (await EndedAsync(task, TestServer.User, "[]"), await EndedAsync(task, TestServer.User, "[]"));
        await server.AgeJobAsync("acme", old);
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        var running = await StartAsync(gated);
        string[] all = [old, young, running];
        var query = $"/console/jobs/chosen?what=remove&{string.Join('&', all.Select(job => $"job={job}"))}";
        Assert.DoesNotContain("value=\"remove\"", (await _browser.OpenAsync($"/console/jobs?task={task}")).Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await _browser.OpenAsync(query)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await _browser.SubmitAsync("/console/jobs/chosen", ("what", "remove"), ("job", old))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await _browser.PostAsync($"/console/api/chosen/{old}/remove")).Status);
        Assert.Equal("finished", await LifecycleAsync(old));

        await _browser.SignInAsync(TestServer.Admin);
        Assert.Contains("value=\"remove\"", (await _browser.OpenAsync($"/console/jobs?task={task}")).Html, StringComparison.Ordinal);
        var asked = await _browser.OpenAsync(query);
        string[] fates = ["Nothing: it has ended just now, and can be deleted from", "Nothing: it has not ended. Cancel it first."];
        Assert.All(fates.Zip(all[1..]), fate => Assert.Contains(fate.First, RowOf(asked, fate.Second), StringComparison.Ordinal));
        var done = await _browser.SubmitAsync("/console/jobs/chosen", [("what", "remove"), .. all.Select(job => ("job", job))]);
        Assert.Contains("Deleted: 1 of 3 jobs", done.Html, StringComparison.Ordinal);
        string[] ends = ["Deleted.", "The job has ended just now", "The job has not ended"];
        Assert.All(ends.Zip(all), end => Assert.Contains(end.First, RowOf(done, end.Second), StringComparison.Ordinal));
        using var removed = await server.SendAsync(HttpMethod.Get, $"/acme/job/{old}");
        Assert.Contains(removed.StatusCode, (HttpStatusCode[])[HttpStatusCode.Gone, HttpStatusCode.NotFound]);
        Assert.Equal(HttpStatusCode.NoContent, (await _browser.PostAsync($"/console/api/chosen/{running}/cancel")).Status);
    }

    [Fact]
    public void A_job_that_has_ended_ten_minutes_ago_is_said_to_be_deleted()
    {
        var now = DateTimeOffset.UnixEpoch;
        Assert.Equal(("It is deleted.", true), ChosenJobs.FateOfRemoved(hasEnded: true, now.AddMinutes(-10), now));
        Assert.Equal(("Nothing: it has ended just now, and can be deleted from 00:00:01 UTC on.", false), ChosenJobs.FateOfRemoved(hasEnded: true, now.AddMinutes(-10).AddSeconds(1), now));
        Assert.False(ChosenJobs.FateOfRemoved(hasEnded: false, now.AddMinutes(-10), now).IsMeant);
    }

    [Fact]
    public async Task What_no_page_has_sent_changes_no_chosen_job()
    {
        var (_, task) = await GatedAsync();
        await _browser.SignInAsync(TestServer.Admin);
        await _browser.OpenAsync("/console/tasks");
        var job = await StartAsync(task);
        var proof = _browser.FormToken;
        _browser.FormToken = null;
        Assert.Equal(HttpStatusCode.BadRequest, (await _browser.SubmitAsync("/console/jobs/chosen", ("what", "cancel"), ("job", job))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _browser.PostAsync($"/console/api/chosen/{job}/cancel", hasProof: false)).Status);
        Assert.Equal("assigned", await LifecycleAsync(job));

        _browser.FormToken = proof;
        Assert.Equal(HttpStatusCode.NoContent, (await _browser.PostAsync($"/console/api/chosen/{job}/cancel")).Status);
    }

    [Fact]
    public async Task None_and_too_many_are_refused_and_the_way_back_leads_to_the_list_alone()
    {
        await _browser.SignInAsync(TestServer.User);
        await _browser.OpenAsync("/console/tasks");
        var none = await _browser.OpenAsync("/console/jobs/chosen?what=cancel");
        Assert.Equal(HttpStatusCode.BadRequest, none.Status);
        Assert.Contains("check the boxes", none.Html, StringComparison.Ordinal);
        (string, string)[] many = [.. Enumerable.Range(0, 101).Select(number => ("job", $"{number:x24}"))];
        Assert.Equal(HttpStatusCode.BadRequest, (await _browser.SubmitAsync("/console/jobs/chosen", [("what", "cancel"), .. many])).Status);
        Assert.Equal(HttpStatusCode.OK, (await _browser.SubmitAsync("/console/jobs/chosen", [("what", "cancel"), .. many[1..]])).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _browser.OpenAsync($"/console/jobs/chosen?what=nope&job={NoJob}")).Status);
        foreach (var back in (string[])["javascript:alert(1)", "//evil.example", "jobs:x", "../x"])
        {
            var page = await _browser.OpenAsync($"/console/jobs/chosen?what=cancel&job={NoJob}&back={Uri.EscapeDataString(back)}");
            Assert.Equal("jobs", LinkOf(page, "Back to the jobs"));
        }
    }

    [Fact]
    public async Task Names_are_text_in_the_list_and_where_jobs_are_chosen()
    {
        var job = await EndedAsync(await ImportAsync("echo '[]'", new { name = $"name {Markup}" }), TestServer.User, "[]");
        await _browser.SignInAsync(TestServer.User);
        foreach (var path in (string[])["jobs", $"jobs?user={Uri.EscapeDataString(Markup)}", $"jobs/chosen?what=cancel&job={job}&back={Uri.EscapeDataString($"jobs?{Markup}")}"])
        {
            var page = await _browser.OpenAsync($"/console/{path}");
            Assert.DoesNotContain("<script>", page.Html, StringComparison.Ordinal);
            Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page.Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_empty_list_says_what_to_do_next()
    {
        await _browser.SignInAsync(TestServer.Stranger);
        Assert.Contains("<a href=\"tasks\">Run a task</a>", (await _browser.OpenAsync("/console/jobs")).Html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"jobs\">Show all</a>", (await _browser.OpenAsync("/console/jobs?user=nobody")).Html, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Listed(Page page) => from link in page.Html.Split("href=\"jobs/").Skip(1) select link[..24];

    private static string RowOf(Page page, string job) => page.Html.Split("<tr>").Single(row => row.Contains($"href=\"jobs/{job}\"", StringComparison.Ordinal));

    private static string LinkOf(Page page, string text) =>
        WebUtility.HtmlDecode(Regex.Match(page.Html, $"href=\"([^\"]*)\"[^>]*>{Regex.Escape(text)}<").Groups[1].Value);

    private async Task<(JsonArray Jobs, string[] Newer)> ChangesAsync(string query)
    {
        var answer = await _browser.OpenAsync($"/console/api/jobs/changes?{query}");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var json = JsonNode.Parse(answer.Html)!;
        return (json["jobs"]!.AsArray(), [.. json["newer"]!.AsArray().Select(id => (string)id!)]);
    }

    private async Task<string> ImportAsync(string script, object? task = null) => (await server.ImportAsync(script, task: task))["id"]!.ToString();

    /// <summary>A task whose script waits for a file.</summary>
    private async Task<(string Gate, string Task)> GatedAsync(object? task = null)
    {
        var gate = Path.Combine(server.Folder, Guid.NewGuid().ToString("N"));
        return (gate, await ImportAsync($"while [ ! -e {gate} ]; do sleep 0.05; done; echo '[]'", task));
    }

    /// <summary>Has a task run by the browser's user, and waits until its script does.</summary>
    private async Task<string> StartAsync(string task)
    {
        var job = (await _browser.PostAsync($"/console/api/tasks/{task}/job", "[]")).Job;
        await Eventually.TrueAsync(async () => await LifecycleAsync(job) == "assigned", "the script runs");
        return job;
    }

    private async Task<string> EndedAsync(string task, string token, string arguments)
    {
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", token, arguments);
        return response.Headers.GetValues("Job-Id").Single();
    }

    private async Task AnswerAsync(string job)
    {
        using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private async Task<string> LifecycleAsync(string job, string token = TestServer.User)
    {
        using var response = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/lifecycle", token);
        return (await response.Content.ReadAsStringAsync()).Trim('"');
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Logging:LogLevel:SyncCluster.Audit=Information"];
    }

    [GeneratedRegex("name=\"job\" value=\"([0-9a-f]{24})\" checked")]
    private static partial Regex Checked();

    [GeneratedRegex("type=\"hidden\" name=\"job\" value=\"([0-9a-f]{24})\"")]
    private static partial Regex Hidden();

    [GeneratedRegex("<time datetime=\"([^\"]+)\"")]
    private static partial Regex Times();
}
