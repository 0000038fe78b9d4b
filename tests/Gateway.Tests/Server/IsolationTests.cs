using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Auth;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;
using SyncCluster.Scripts;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>What the scripts of two customers can do to each other and to the server, called over HTTP, at each level of isolation.</summary>
public abstract class IsolationTests(string[] settings) : IAsyncLifetime
{
    /// <summary>Tries to read and to end the processes that its arguments name. Its output has a word for each attempt that was successful.</summary>
    private const string Attack = """
        for process; do
          cat /proc/$process/environ >/dev/null 2>&1 && printf 'environment '
          cat /proc/$process/cwd/* >/dev/null 2>&1 && printf 'files '
          kill -0 $process 2>/dev/null && printf 'kill '
        done
        echo '{"output":"done"}'
        """;

    private readonly Server _server = new(settings);

    private protected TestServer Http => _server;

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    /// <summary>Has a script of one customer attack the running script of another, and the server.</summary>
    private protected async Task AttackAsync()
    {
        var other = await ImportAsync(
            TestServer.Stranger,
            "globex",
            "echo its secret is $TOKEN >file; until [ -e end ]; do sleep 0.1; done; echo '{\"output\":\"unharmed\"}'");
        var running = CallAsync(TestServer.Stranger, "globex", other, "[1,2]");
        var folder = "";
        await Eventually.TrueAsync(() => (folder = FolderOf("its secret is")).Length > 0, "the script of the other customer runs");
        var attack = await ImportAsync(TestServer.Admin, "acme", Attack);

        var log = await LogAsync(TestServer.Admin, "acme", attack, [ProcessIn(folder), Environment.ProcessId]);

        Assert.Equal("{\"output\":\"done\"}\n", log);
        await File.WriteAllTextAsync(Path.Combine(folder, "end"), "");
        Assert.Equal("[\"unharmed\"]", await running);
    }

    private protected async Task<string> LogAsync(string token, string customer, string task, object[] arguments)
    {
        var answer = await CallAsync(token, customer, task, JsonSerializer.Serialize(arguments), "?full");
        return JsonNode.Parse(answer)!["result"]!["log"]!.GetValue<string>();
    }

    private protected async Task<string> CallAsync(string token, string customer, string task, string json, string flags = "")
    {
        using var response = await _server.SendAsync(HttpMethod.Post, $"/{customer}/task/{task}/job{flags}", token, json);
        return await response.Content.ReadAsStringAsync();
    }

    private protected async Task<string> ImportAsync(string token, string customer, string script)
    {
        var recipe = new
        {
            task = new
            {
                name = "a task",
                type = "script",
                script_runas = "sh %script%",
                env = new { TOKEN = "secret" },
                task_arguments = Enumerable.Range(0, 2).Select(order => new { order, type = "input", label = "argument" }),
            },
            file = new { filename = "script.sh", data = Convert.ToBase64String(Encoding.UTF8.GetBytes(script)) },
        };
        return (await _server.ImportRecipeAsync(customer, token, JsonSerializer.Serialize(recipe)))["id"]!.GetValue<string>();
    }

    /// <summary>The folder of the script that has written a text to <c>file</c>; empty if there is none yet.</summary>
    private static string FolderOf(string text)
    {
        try
        {
            return Directory.EnumerateDirectories(Path.GetTempPath(), $"synccluster-{Environment.ProcessId}-*")
                .SelectMany(Directory.EnumerateDirectories)
                .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "file"))
                    && File.ReadAllText(Path.Combine(folder, "file")).Contains(text, StringComparison.Ordinal)) ?? "";
        }
        catch (IOException)
        {
            // The server of another test has removed its folder meanwhile.
            return "";
        }
    }

    /// <summary>The id of the process that interprets the script of a folder.</summary>
    private static int ProcessIn(string folder) => Directory.EnumerateDirectories("/proc")
        .Where(process => int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out _) && WorksIn(process, folder))
        .Select(process => int.Parse(Path.GetFileName(process), CultureInfo.InvariantCulture))
        .Max();

    private static bool WorksIn(string process, string folder)
    {
        try
        {
            return File.ReadAllText(process + "/cmdline").Contains("script.sh", StringComparison.Ordinal)
                && (new DirectoryInfo(process + "/cwd").ResolveLinkTarget(false)?.FullName == folder
                    || File.Exists(process + "/root/tmp/file"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private sealed class Server(string[] settings) : TestServer
    {
        protected override string[] Settings => settings;
    }
}

/// <summary>What every server has.</summary>
public sealed class DefaultIsolationTests() : IsolationTests([])
{
    [Fact]
    public async Task A_script_has_limits_and_is_killed_before_the_server_when_memory_runs_out()
    {
        var task = await ImportAsync(
            TestServer.Admin, "acme", "ulimit -f; ulimit -t; [ $(ulimit -d) -ge 4194304 ] && echo enough; cat /proc/self/oom_score_adj");

        var lines = (await LogAsync(TestServer.Admin, "acme", task, ["", ""])).Split('\n');

        // The task's timeout is 10 minutes.
        Assert.Equal(["8388608", $"{(600 + 5) * Environment.ProcessorCount}", "enough", "1000"], lines[..4]);
    }
}

/// <summary>A server that passes on a variable of its environment.</summary>
public sealed class PassedEnvironmentTests() : IsolationTests(["--LocalExecutor:PassEnvironment:0=PLACE_OF_THE_SERVER"])
{
    [Fact]
    public async Task A_script_gets_what_is_configured_and_can_print_in_UTF_8()
    {
        Environment.SetEnvironmentVariable("PLACE_OF_THE_SERVER", "Zürich");
        var task = await ImportAsync(TestServer.Admin, "acme", "echo $PLACE_OF_THE_SERVER $(locale charmap) $PYTHONUNBUFFERED");

        Assert.Equal("Zürich UTF-8 1\n", await LogAsync(TestServer.Admin, "acme", task, ["", ""]));
    }
}

/// <summary>Scripts as users of their customers.</summary>
[SupportedOSPlatform("linux")]
public sealed class UserIsolationTests() : IsolationTests(UsersFactAttribute.Settings)
{
    [UsersFact]
    public Task A_script_reaches_neither_another_customers_nor_the_server() => AttackAsync();
}

/// <summary>Scripts in sandboxes; as users of their customers where the server is root.</summary>
[SupportedOSPlatform("linux")]
public sealed class SandboxIsolationTests() : IsolationTests([.. UsersFactAttribute.Settings, .. SandboxFactAttribute.Settings])
{
    [SandboxFact]
    public Task A_script_reaches_neither_another_customers_nor_the_server() => AttackAsync();
}

/// <summary>Servers that are given too little to keep scripts apart, or just enough.</summary>
[SupportedOSPlatform("linux")]
public sealed class IsolationStartTests : IDisposable
{
    private const string Rights = "+chown,+dac_override,+kill,+setgid,+setuid,+sys_ptrace";

    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly ProcessReaper _reaper;

    public IsolationStartTests()
    {
        _reaper = new(_folder);

        // Servers and scripts that are not root use it.
        File.SetUnixFileMode(_folder, (UnixFileMode)0x1FF);
    }

    public void Dispose() => _reaper.Dispose();

    [UsersFact]
    public async Task A_server_without_the_program_for_sandboxes_does_not_start()
    {
        foreach (var program in (string[])["sh", "setsid", "setpriv"])
        {
            File.CreateSymbolicLink(Path.Combine(_folder, program), InstalledPrograms.Find(program)!);
        }

        var dotnet = InstalledPrograms.Find("dotnet")!;
        Assert.Contains(
            "`bwrap`",
            await RefusalAsync(["env", $"PATH={_folder}", dotnet], "--LocalExecutor:Sandbox=bubblewrap", "--LocalExecutor:Users:demo=20001"),
            StringComparison.Ordinal);
    }

    [UsersFact]
    public async Task A_server_that_lacks_a_right_over_other_users_does_not_start()
    {
        var message = await RefusalAsync(["setpriv", "--bounding-set=-sys_ptrace", "dotnet"], "--LocalExecutor:Users:demo=20001");

        Assert.Contains("lacks SYS_PTRACE", message, StringComparison.Ordinal);
    }

    [UsersFact]
    public async Task A_server_that_is_root_does_not_start_with_a_sandbox_and_no_users() =>
        Assert.Contains("LocalExecutor:Users", await RefusalAsync(["dotnet"], "--LocalExecutor:Sandbox=bubblewrap"), StringComparison.Ordinal);

    [UsersFact]
    public async Task A_server_without_the_control_group_that_is_configured_does_not_start() => Assert.Contains(
        $"{_folder} is no control group of cgroup v2",
        await RefusalAsync(["dotnet"], $"--LocalExecutor:Cgroup:Folder={_folder}"),
        StringComparison.Ordinal);

    [UnprivilegedSandboxFact]
    public async Task A_server_that_is_not_root_has_sandboxes_without_users()
    {
        await using var server = await StartAsync(
            UnprivilegedSandboxFactAttribute.Words, "--LocalExecutor:Sandbox=bubblewrap", "id -u; ls -d /proc/[0-9]*; ls /tmp; ls /home");

        var log = await LogAsync(server);

        Assert.DoesNotContain($"/proc/{server.Process.Id}\n", log, StringComparison.Ordinal);
        Assert.Contains("\ntask.sh\n", log, StringComparison.Ordinal);
        Assert.EndsWith("No such file or directory\n", log, StringComparison.Ordinal);
        Assert.Equal(0, await server.StopAsync());
    }

    [UsersFact]
    public async Task A_server_that_is_not_root_needs_only_the_documented_rights()
    {
        await using var server = await StartAsync(
            [.. UnprivilegedSandboxFactAttribute.Unprivileged, $"--inh-caps={Rights}", $"--ambient-caps={Rights}"],
            "--LocalExecutor:Users:demo=20001",
            "setsid sleep 1000 & until grep -qsz ^sleep /proc/$!/cmdline; do sleep 0.05; done; id -u; echo [$!]");

        var log = await LogAsync(server);

        Assert.StartsWith("20001\n[", log, StringComparison.Ordinal);
        var process = log.Split('[', ']')[1];
        await Eventually.TrueAsync(() => !Directory.Exists("/proc/" + process), "the daemon is found and killed");
        Assert.Equal(0, await server.StopAsync());
    }

    [UsersFact]
    public async Task A_file_of_the_servers_own_group_can_be_read_by_the_server_and_not_by_its_scripts()
    {
        var secret = Path.Combine(SecretsOfGroup(20010), "Demo__Folder");
        await using var server = await StartAsync(
            ["setpriv", "--reuid=20009", "--rgid=20009", "--egid=20010", "--clear-groups"],
            $"--Secrets:Folder={Path.GetDirectoryName(secret)}",
            $"cat {secret}; grep ^Gid: /proc/self/status",
            "sh %script%; grep ^Gid: /proc/$$/status");

        var log = await LogAsync(server);

        // Those of the script and of the shell around it: real, effective, saved, of the file system.
        const string none = "Gid:\t20009\t20009\t20009\t20009\n";
        Assert.Equal($"cat: {secret}: Permission denied\n{none}{none}", log);
        Assert.Equal(0, await server.StopAsync());
    }

    [UsersFact]
    public async Task A_server_with_a_user_that_others_have_too_does_not_start()
    {
        Assert.Contains(
            "each customer needs one of its own",
            await RefusalAsync(["dotnet"], "--LocalExecutor:Users:a=20001", "--LocalExecutor:Users:b=20001"),
            StringComparison.Ordinal);
    }

    /// <summary>A folder with a setting that only a group may read.</summary>
    private string SecretsOfGroup(int group)
    {
        var secrets = Directory.CreateDirectory(Path.Combine(_folder, "secrets")).FullName;
        var file = Path.Combine(secrets, "Demo__Folder");
        File.WriteAllText(file, _folder);
        foreach (var path in (string[])[file, secrets])
        {
            NativeMethods.ChangeOwner(path, group);
            File.SetUnixFileMode(path, UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
        }

        return secrets;
    }

    /// <summary>Starts a demonstration with one task.</summary>
    /// <param name="before">The words before its command.</param>
    /// <param name="setting">The setting that is tested.</param>
    /// <param name="script">The task's script.</param>
    /// <param name="runas">Its <c>script_runas</c>.</param>
    private async Task<Harness.Processes.Server> StartAsync(string[] before, string setting, string script, string runas = "sh %script%")
    {
        var recipe = """{"task":{"name":"t","type":"script","script_runas":"RUNAS"},"file":{"filename":"task.sh"}}"""
            .Replace("RUNAS", runas, StringComparison.Ordinal);
        string[] command = [.. before, .. ServerPrograms.Gateway, ServerPrograms.AnyPort, $"--Demo:Folder={_folder}", setting];
        await File.WriteAllTextAsync(Path.Combine(_folder, "task.json"), recipe);
        await File.WriteAllTextAsync(Path.Combine(_folder, "task.sh"), script);
        var server = new Harness.Processes.Server(
            new() { Name = "gateway", Command = command, Ready = ServerPrograms.Ready, Folder = _folder }, _reaper);
        await server.StartAsync();
        return server;
    }

    private static async Task<string> LogAsync(Harness.Processes.Server server)
    {
        using var body = new StringContent("[]", Encoding.UTF8, "application/json");
        using var response = await server.Http.PostAsync(
            new Uri($"/demo/task/task/job?full&access_token={DemoMode.UserToken}", UriKind.Relative), body);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!["result"]!["log"]!.GetValue<string>();
    }

    /// <summary>What a server prints that does not start.</summary>
    private async Task<string> RefusalAsync(string[] dotnet, params string[] settings)
    {
        string[] command = [.. dotnet, .. ServerPrograms.Gateway.Skip(1), ServerPrograms.AnyPort, .. settings];
        using var process = new ServerProcess(new() { Name = "gateway", Command = command, Ready = ServerPrograms.Ready, Folder = _folder }, _reaper);
        Assert.Equal(1, await process.ExitAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => process.ReadyAsync());
        return process.Tail;
    }
}
