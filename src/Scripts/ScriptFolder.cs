using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>The temporary folder of one run: its working directory, with the script and the files among its arguments.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Inside">Where the script sees it.</param>
/// <param name="Script">Where the script sees itself.</param>
/// <param name="Arguments">The script's arguments.</param>
[SupportedOSPlatform("linux")]
internal sealed record ScriptFolder(string Path, string Inside, string Script, IReadOnlyList<string> Arguments)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <inheritdoc cref="ScriptFolders.Create"/>
    public static ScriptFolder Create(string path, string inside, ScriptCommand command)
    {
        if (!NativeMethods.TryCreateFolder(path))
        {
            throw new IOException($"There is something at {path} already.");
        }

        try
        {
            Write(System.IO.Path.Combine(path, command.Filename), command.Script.Span);
            string[] arguments = [.. command.Arguments.Select((argument, index) => WriteFileArgument(path, inside, argument, index))];
            if (command.User is { } user)
            {
                GiveTo(user, path);
            }

            return new ScriptFolder(path, inside, System.IO.Path.Combine(inside, command.Filename), arguments);
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

    private static string WriteFileArgument(string folder, string inside, string argument, int index)
    {
        if (DataUrl.Decode(argument) is not { } content)
        {
            return argument;
        }

        // The script may have any name, also this one.
        var name = $"argument-{index + 1}";
        name = File.Exists(System.IO.Path.Combine(folder, name)) ? name + "-file" : name;
        Write(System.IO.Path.Combine(folder, name), content);
        return System.IO.Path.Combine(inside, name);
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

    /// <summary>Gives a folder and its files to a user. The folder is the last: until then no other user can change what is in it.</summary>
    private static void GiveTo(int user, string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder).Append(folder))
        {
            NativeMethods.ChangeOwner(file, user);
        }
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
