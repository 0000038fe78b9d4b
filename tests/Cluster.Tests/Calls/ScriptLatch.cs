using System.Diagnostics;

namespace SyncCluster.Cluster.Tests.Calls;

/// <summary>Holds scripts until it is opened: a pipe that they read from, which is then replaced by an empty file.</summary>
internal sealed class ScriptLatch : IDisposable
{
    /// <summary>The name for a script that waits for no latch.</summary>
    public const string None = "-";

    private readonly string _path;
    private bool _isOpen;

    public ScriptLatch(string folder)
    {
        _path = Path.Combine(folder, Name);
        using var make = Process.Start("mkfifo", [_path]);
        make.WaitForExit();
        Assert.Equal(0, make.ExitCode);
    }

    public string Name { get; } = $"latch-{Guid.NewGuid():N}";

    public void Open()
    {
        if (_isOpen)
        {
            return;
        }

        // A reader of the pipe goes on when a writer has opened and closed it.
        _isOpen = true;
        using var writer = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite);
        File.WriteAllText($"{_path}.open", "");
        File.Move($"{_path}.open", _path, overwrite: true);
    }

    public void Dispose() => Open();
}
