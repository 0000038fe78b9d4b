using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>The temporary folder of one run: its working directory, with the script and the files among its arguments.</summary>
[SupportedOSPlatform("linux")]
internal sealed record ScriptFolder(string Path, string Script, IReadOnlyList<string> Arguments)
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
            return new ScriptFolder(path, script, [.. command.Arguments.Select((argument, index) => WriteFileArgument(path, argument, index))]);
        }
        catch
        {
            Delete(path);
            throw;
        }
    }

    /// <summary>Deletes a folder with everything in it, also folders that their owner may not enter.</summary>
    /// <exception cref="IOException">Something in it could not be deleted.</exception>
    /// <exception cref="UnauthorizedAccessException">Something in it could not be deleted.</exception>
    public static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            GrantAccess(new DirectoryInfo(path));
            Directory.Delete(path, recursive: true);
        }
    }

    private static string WriteFileArgument(string folder, string argument, int index)
    {
        if (DataUrl.Decode(argument) is not { } content)
        {
            return argument;
        }

        // The script may have any name, also this one.
        var file = System.IO.Path.Combine(folder, $"argument-{index + 1}");
        file = File.Exists(file) ? file + "-file" : file;
        Write(file, content);
        return file;
    }

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var notWhileForking = ForkLock.Write();
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
            BufferSize = 0,
        });
        file.Write(content);
    }

    private static void GrantAccess(DirectoryInfo folder)
    {
        folder.UnixFileMode = OwnerOnly;
        foreach (var inner in folder.EnumerateDirectories().Where(inner => inner.LinkTarget is null))
        {
            GrantAccess(inner);
        }
    }
}
