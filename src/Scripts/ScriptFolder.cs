using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>The temporary folder of one run: its working directory, with the script and the files among its arguments.</summary>
[SupportedOSPlatform("linux")]
internal sealed record ScriptFolder(string Path, string Script, IReadOnlyList<string> Words)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <inheritdoc cref="ScriptFolders.Create"/>
    public static ScriptFolder Create(string path, ScriptCommand command)
    {
        Directory.CreateDirectory(path, OwnerOnly);
        try
        {
            var script = System.IO.Path.Combine(path, command.Filename);
            Write(script, command.Script.Span);
            return new ScriptFolder(path, script, [.. command.Words.Select((word, index) => Materialise(path, word, index))]);
        }
        catch
        {
            Delete(path);
            throw;
        }
    }

    /// <summary>Removes a folder with all that is in it, folders included that their owner may not enter.</summary>
    /// <exception cref="IOException">Something in it could not be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">Something in it could not be removed.</exception>
    public static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Open(new DirectoryInfo(path));
            Directory.Delete(path, recursive: true);
        }
    }

    private static string Materialise(string folder, string word, int index)
    {
        if (DataUrl.Decode(word) is not { } content)
        {
            return word;
        }

        // The script may have any name, so the files get one that is not taken.
        var file = System.IO.Path.Combine(folder, $"argument-{index + 1}");
        file = File.Exists(file) ? file + "-file" : file;
        Write(file, content);
        return file;
    }

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
            BufferSize = 0,
        });
        file.Write(content);
    }

    private static void Open(DirectoryInfo folder)
    {
        folder.UnixFileMode = OwnerOnly;
        foreach (var inner in folder.EnumerateDirectories().Where(inner => inner.LinkTarget is null))
        {
            Open(inner);
        }
    }
}
