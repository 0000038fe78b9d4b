using System.Diagnostics;

namespace SyncCluster.Cluster.Tests.Load;

/// <summary>Holds scripts until it is opened: a pipe that they read from, which then gives way to an empty file.</summary>
internal sealed class Gate : IDisposable
{
    private readonly string _path;
    private bool _open;

    public Gate(string folder)
    {
        _path = Path.Combine(folder, Name);
        using var make = Process.Start("mkfifo", [_path]);
        make.WaitForExit();
        Assert.Equal(0, make.ExitCode);
    }

    public string Name { get; } = $"gate-{Guid.NewGuid():N}";

    public void Open()
    {
        if (_open)
        {
            return;
        }

        // Who waits in the pipe is freed by its having a writer, and that one's end.
        _open = true;
        using var writer = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite);
        File.WriteAllText($"{_path}.open", "");
        File.Move($"{_path}.open", _path, overwrite: true);
    }

    public void Dispose() => Open();
}
