using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Auth;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>What a server as a process of its own keeps from the scripts that it runs, and how it is started.</summary>
[SupportedOSPlatform("linux")]
public sealed class OwnProcessTests : IDisposable
{
    private const string Nobody = "nobody";

    /// <summary>A script that lists which files of the server's process it can open, and the ports of .NET's diagnostics.</summary>
    private const string Peek = """
        open=
        for file in environ mem maps auxv; do (exec 3<"/proc/$PPID/$file") 2>/dev/null && open="$open $file"; done
        readlink "/proc/$PPID/fd/0" >/dev/null && open="$open fd"
        ports=$(ls "$TMPDIR" | grep -c -e dotnet-diagnostic -e clr-debug-pipe)
        echo "[\"$PPID\",\"$open\",\"$ports\"]"
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly ProcessReaper _reaper;

    public OwnProcessTests()
    {
        _reaper = new(_folder);
        File.SetUnixFileMode(_folder, (UnixFileMode)0x1FF);
        AddTask("peek", Peek);
        AddTask("exit", "exit 3");
        AddTask("daemon", $"setsid sh -c 'echo $$ >{_folder}/new; mv {_folder}/new {_folder}/daemon; exec sleep 1000' & until test -e {_folder}/daemon; do sleep 0.01; done");
    }

    /// <summary>The users as which this machine can run a server that has no privileges.</summary>
    public static TheoryData<string> Users => Environment.IsPrivilegedProcess
        ? MayBeReadByOthers(AppContext.BaseDirectory) ? ["root without capabilities", Nobody] : ["root without capabilities"]
        : ["the tests' own user"];

    public void Dispose() => _reaper.Dispose();

    [Theory]
    [MemberData(nameof(Users))]
    public async Task A_script_cannot_look_into_its_server(string user)
    {
        await using var server = await StartAsync(As(user));

        Assert.Equal([$"{server.Process.Id}", "", "0"], await CallAsync(server, "peek"));
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task A_server_that_is_closed_to_others_ends_what_its_scripts_leave_behind(string user)
    {
        await using var server = await StartAsync(As(user));
        await CallAsync(server, "daemon");
        var daemon = Path.Combine("/proc", (await File.ReadAllTextAsync(Path.Combine(_folder, "daemon"))).Trim());

        await Eventually.TrueAsync(() => !Directory.Exists(daemon), "the daemon is killed");
        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task An_operator_can_leave_the_diagnostics_on_and_is_warned()
    {
        await using var server = await StartAsync([], ("DOTNET_EnableDiagnostics", "1"));

        Assert.NotEqual("0", (await CallAsync(server, "peek"))[2]);
        await Eventually.TrueAsync(
            () => server.Lines.Any(line => line.Text.Contains("can read the memory of this server", StringComparison.Ordinal)),
            "the operator is warned");
    }

    [Fact]
    public async Task A_server_that_was_started_with_SIGCHLD_ignored_knows_the_exit_codes_of_its_scripts()
    {
        // On a terminal .NET looks at SIGCHLD when it prints its first line. The terminal ends it with SIGHUP, unless that is ignored in these tests.
        await using var server = await StartAsync(
            command =>
            [
                "script", "-qec",
                $"exec env --default-signal=HUP --ignore-signal=CHLD {string.Join(' ', command.Select(word => $"'{word}'"))}", "/dev/null",
            ]);
        for (var call = 0; call < 50; call++)
        {
            Assert.Equal(3, (int?)(await SendAsync(server, "exit", "?result&"))["code"]);
        }
    }

    [Fact]
    public async Task A_server_does_not_watch_the_folders_in_its_working_directory()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "one", "of", "many"));
        await using var server = await StartAsync([], ("DOTNET_EnableDiagnostics", "1"));

        Assert.DoesNotContain(
            Directory.GetFiles($"/proc/{server.Process.Id}/fdinfo").SelectMany(LinesOf), line => line.StartsWith("inotify", StringComparison.Ordinal));

        static string[] LinesOf(string path)
        {
            try
            {
                return File.ReadAllLines(path);
            }
            catch (IOException)
            {
                // It has been closed meanwhile.
                return [];
            }
        }
    }

    private static string[] As(string user) => user switch
    {
        Nobody => ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
        _ when Environment.IsPrivilegedProcess => ["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
        _ => [],
    };

    private static bool MayBeReadByOthers(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
        {
            if (!at.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
            {
                return false;
            }
        }

        return true;
    }

    private static async Task<string[]> CallAsync(Harness.Processes.Server server, string task) =>
        [.. (await SendAsync(server, task, "?")).AsArray().Select(element => (string)element!)];

    private static async Task<JsonNode> SendAsync(Harness.Processes.Server server, string task, string query)
    {
        using var response = await server.Http.PostAsJsonAsync(
            new Uri($"/demo/task/{task}/job{query}access_token={DemoMode.UserToken}", UriKind.Relative), Array.Empty<string>());
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    private void AddTask(string name, string script)
    {
        File.WriteAllText(
            Path.Combine(_folder, name + ".json"),
            $$$"""{"task":{"name":"t","type":"script","script_runas":"sh %script%"},"file":{"filename":"{{{name}}}.sh"}}""");
        File.WriteAllText(Path.Combine(_folder, name + ".sh"), script);
    }

    private Task<Harness.Processes.Server> StartAsync(string[] prefix, params (string Name, string Value)[] environment) =>
        StartAsync(command => [.. prefix, .. command], environment);

    private async Task<Harness.Processes.Server> StartAsync(
        Func<IEnumerable<string>, string[]> start, params (string Name, string Value)[] environment)
    {
        var server = new Harness.Processes.Server(
            new()
            {
                Name = "server",
                Command = start([.. ServerPrograms.Gateway, ServerPrograms.AnyPort, $"--Demo:Folder={_folder}"]),
                Ready = ServerPrograms.Ready,
                Folder = _folder,
                Environment = environment.Append(("HOME", _folder)).ToDictionary(variable => variable.Item1, variable => variable.Item2),
            },
            _reaper);
        await server.StartAsync();
        return server;
    }
}
