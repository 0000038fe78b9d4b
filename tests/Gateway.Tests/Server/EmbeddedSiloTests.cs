using System.Globalization;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>The silo in a gateway's process, which other users of the machine must not reach: who joins or calls it may run code in it.</summary>
public sealed class EmbeddedSiloTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly ProcessReaper _reaper;

    public EmbeddedSiloTests() => _reaper = new(_folder);

    public void Dispose() => _reaper.Dispose();

    [Fact]
    public async Task A_server_in_one_process_listens_for_HTTP_only()
    {
        await using var gateway = new Harness.Processes.Server(
            new()
            {
                Name = "gateway",
                Command = [.. ServerPrograms.Gateway, ServerPrograms.AnyPort],
                Ready = ServerPrograms.Ready,
                Folder = _folder,
            },
            _reaper);
        await gateway.StartAsync();
        Assert.Equal([gateway.Address!.Port], ListeningPorts(gateway.Process.Id));
    }

    private static int[] ListeningPorts(int process)
    {
        const string Listening = "0A";
        var sockets = Directory.EnumerateFiles($"/proc/{process}/fd").Select(fd => new FileInfo(fd).LinkTarget).ToHashSet();
        return
        [
            .. from table in (string[])["tcp", "tcp6"]
               from line in File.ReadLines($"/proc/{process}/net/{table}").Skip(1)
               let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
               where fields[3] == Listening && sockets.Contains($"socket:[{fields[9]}]")
               select int.Parse(fields[1].Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        ];
    }
}
