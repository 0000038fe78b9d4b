using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using SyncCluster.Gateway.Tests.Clustering;
using SyncCluster.Harness.Processes;
using ChildProcess = SyncCluster.Harness.Processes.ServerProcess;
using ServerProcess = SyncCluster.Hosting.ServerProcess;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>A server that can't start says why in one sentence, and what to write instead.</summary>
public sealed class StartupErrorTests : IDisposable
{
    private const string Quiet = "--Logging:LogLevel:Default=None";
    private const string AnyPort = "--urls=http://127.0.0.1:0";

    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;

    [Theory]
    [InlineData("--Waiting:Maximum=10m", "Waiting:Maximum must be a time such as 00:10:00, not `10m`.")]
    [InlineData("--Waiting:Tasks:acme:slow:Maximum=10m", "Waiting:Tasks:acme:slow:Maximum must be a time such as 00:10:00, not `10m`.")]
    [InlineData("--Limits:StreamsPerConnection=0", "Limits:StreamsPerConnection must be from 1 to 1000000.")]
    [InlineData("--Limits:Waiters=many", "Limits:Waiters must be a whole number, not `many`.")]
    [InlineData("--Limits:Customers:acme:CallsPerSecond=few", "Limits:Customers:acme:CallsPerSecond must be a number such as 0.9, not `few`.")]
    [InlineData("--Limits:Jobs:Customers:acme:Jobs=few", "Limits:Jobs:Customers:acme:Jobs must be a whole number, not `few`.")]
    [InlineData(
        "--Auth:Customers:acme:Users:0:Credential=boss",
        "Auth:Customers:acme:Users:0:Credential must be viewer or user or agent or manager or admin or integration or owner or root, not `boss`.")]
    [InlineData(
        "--Auth:Customers:acme:Users:0:ExpiresAt=soon", "Auth:Customers:acme:Users:0:ExpiresAt must be a time such as 2027-01-31T00:00:00Z, not `soon`.")]
    [InlineData("--LocalExecutor:Users:acme=alice", "LocalExecutor:Users:acme must be a whole number, not `alice`.")]
    [InlineData("--Cluster:SiloPort=any", "Cluster:SiloPort must be a whole number, not `any`.")]
    [InlineData("--Executor=Robots", "Executor must be Local or TheEye, not `Robots`.")]
    [InlineData("--Cluster:Redis=password=secret", "Cluster:Redis must be a connection string such as ")]
    [InlineData("--urls=nowhere", "Invalid url: 'nowhere'. Choose where to listen with --urls http://127.0.0.1:PORT, or in Kestrel:Endpoints.")]
    [InlineData("--urls=ftp://127.0.0.1:1", "Unrecognized scheme in server address 'ftp://127.0.0.1:1'.")]
    [InlineData("--urls=http://192.0.2.1:0", "The server would listen on 192.0.2.1:0, where others can reach it")]
    [InlineData(
        "--Kestrel:Endpoints:Https:Certificate:Path=/no/such.pem",
        "Kestrel:Endpoints:Https:Certificate:Path must be a file that exists, not `/no/such.pem`.",
        "--Kestrel:Endpoints:Https:Url=https://127.0.0.1:0")]
    public async Task A_setting_that_can_not_be_used_is_named_with_its_value(string setting, string sentence, string more = Quiet) =>
        Assert.StartsWith($"The server can't start: {sentence}", await StartAsync(AnyPort, setting, more), StringComparison.Ordinal);

    [Fact]
    public async Task A_broken_settings_file_is_named_with_the_place()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "appsettings.json"), "{\n  \"Waiting\": { \"Maximum\": }\n}");
        Assert.Equal(
            $"The server can't start: {_folder}/appsettings.json can't be read: it is not valid JSON at line 2, byte 27.\n",
            await StartAsync(AnyPort, $"--contentRoot={_folder}"));
    }

    [Fact]
    public async Task A_broken_certificate_is_named()
    {
        var certificate = Path.Combine(_folder, "broken.pem");
        await File.WriteAllTextAsync(certificate, "no certificate");
        Assert.StartsWith(
            "The server can't start: The certificate for https can't be used: ",
            await StartAsync("--Kestrel:Endpoints:Https:Url=https://127.0.0.1:0", $"--Kestrel:Endpoints:Https:Certificate:Path={certificate}"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "Expected depth to be zero")]
    [InlineData("[]", "It is no JSON object.")]
    [InlineData("""{"task":{"name":"t","type":"script"},"file":{"filename":"gone.sh"}}""", "Could not find file ")]
    public async Task A_recipe_of_the_demonstration_that_can_not_be_used_is_named(string recipe, string why)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "a.json"), recipe);
        Assert.StartsWith(
            $"The server can't start: The recipe {_folder}/a.json of Demo:Folder can't be used: {why}",
            await StartAsync(AnyPort, $"--Demo:Folder={_folder}"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_settings_that_can_not_be_used_are_named_at_once()
    {
        var message = await StartAsync(AnyPort, "--LocalExecutor:Concurrency=0", "--LocalExecutor:QueueLimit=-1");
        Assert.Contains("LocalExecutor:Concurrency must be", message, StringComparison.Ordinal);
        Assert.Contains("LocalExecutor:QueueLimit must be", message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silos_port_that_is_used_is_named()
    {
        using var redis = new RedisInProcess();
        using var used = new TcpListener(IPAddress.Loopback, 0);
        used.Start();
        var port = ((IPEndPoint)used.LocalEndpoint).Port;
        using var errors = new StringWriter();
        var exit = await ServerProcess.RunAsync(
            "silo",
            () => SyncCluster.Silo.Program.Build([AnyPort, Quiet, $"--Cluster:Redis={redis.Address}", $"--Cluster:SiloPort={port}", "--Cluster:GatewayPort=0"]),
            errors);
        Assert.Equal(1, exit);
        Assert.StartsWith(
            "The silo can't start: The port of Cluster:SiloPort or that of Cluster:GatewayPort is used by another process:", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_process_prints_the_sentence_and_no_stack_trace()
    {
        using var used = new TcpListener(IPAddress.Loopback, 0);
        used.Start();
        var address = $"http://{used.LocalEndpoint}";
        var (exit, output) = await RunAsync($"--urls={address}", _folder);
        Assert.Equal(1, exit);

        // What it logs of its stop goes to the other stream.
        var sentence = $"The server can't start: Failed to bind to address {address}: address already in use. "
            + "Choose where to listen with --urls http://127.0.0.1:PORT, or in Kestrel:Endpoints.";
        Assert.Single(output.Split('\n'), line => line.StartsWith(sentence, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
        Assert.Equal(
            (1, $"The server can't start: The folder for temporary files, {_folder}/none/, can't be written to: "
                + "set TMPDIR in the environment to one that can, and that has room."),
            await RunAsync(AnyPort, $"{_folder}/none"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<string> StartAsync(params string[] settings)
    {
        using var errors = new StringWriter();
        Assert.Equal(1, await ServerProcess.RunAsync("server", Build, errors));
        return errors.ToString();

        WebApplication Build()
        {
            // A server that starts all the same would run on.
            var app = Program.Build([Quiet, .. settings]);
            app.Lifetime.ApplicationStarted.Register(app.Lifetime.StopApplication);
            return app;
        }
    }

    /// <summary>Runs a gateway; its exit code and all that it prints.</summary>
    private static async Task<(int Exit, string Output)> RunAsync(string setting, string temporaryFolder)
    {
        var folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
        using var reaper = new ProcessReaper(folder);
        using var process = new ChildProcess(
            new()
            {
                Name = "gateway",
                Command = [.. ServerPrograms.Gateway, setting],
                Folder = folder,
                Environment = new Dictionary<string, string> { ["TMPDIR"] = temporaryFolder },
            },
            reaper);
        return (await process.ExitAsync(), process.Tail);
    }
}
