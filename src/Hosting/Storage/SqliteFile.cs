using System.Globalization;
using Microsoft.Data.Sqlite;

namespace SyncCluster.Hosting.Storage;

/// <summary>
/// The file that one process keeps its records in, as SQLite has it. The folder belongs to one server at a time: a second one that starts there is
/// refused. In memory (<see cref="InMemory"/>) there is no file, and only one connection.
/// </summary>
internal sealed class SqliteFile : IDisposable
{
    /// <summary>The value of <c>Storage:Path</c> with which nothing is kept.</summary>
    public const string InMemory = ":memory:";

    /// <summary>The file's name in its folder.</summary>
    public const string Name = "synccluster.db";

    /// <summary>The layout that this version reads and writes (<c>PRAGMA user_version</c>).</summary>
    private const int Layout = 2;

    /// <summary>The beginning of the names of copies that are being sent. What a killed server has left of them is removed.</summary>
    public const string BackUpPrefix = "backup-";

    /// <summary>Says that the file is ours (<c>PRAGMA application_id</c>): "SYNC" in ASCII.</summary>
    private const int Application = 0x53594e43;

    /// <summary>The code of the system's error by which a second lock is refused, EWOULDBLOCK; and Windows' sharing violation.</summary>
    private static readonly int[] Locked = [11, 35, unchecked((int)0x80070020)];

    /// <summary>SQLite before it has a fault by which a WAL file can be corrupted after a checkpoint.</summary>
    private static readonly Version LeastVersion = new(3, 51, 3);

    private readonly string _connection;
    private readonly bool _isSynchronous;
    private readonly FileStream? _lock;

    private SqliteFile(string path, bool isSynchronous, FileStream? @lock)
    {
        (Path, _isSynchronous, _lock) = (path, isSynchronous, @lock);
        _connection = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ConnectionString;
        Writer = Connect();
    }

    /// <summary>Its path; <see cref="InMemory"/> if there is none.</summary>
    public string Path { get; }

    /// <summary>Whether the records end with this process.</summary>
    public bool IsInMemory => Path == InMemory;

    /// <summary>The connection that writes. It is closed with this object.</summary>
    public SqliteConnection Writer { get; }

    /// <summary>Opens the file in a folder, and makes both if they are not there.</summary>
    /// <param name="folder">The folder; it is made for its owner only. Or <see cref="InMemory"/>.</param>
    /// <param name="isSynchronous">Whether a commit is on disk when it is acknowledged.</param>
    /// <exception cref="StorageFileException">The file can't be used. The message says why, and what to do.</exception>
    public static SqliteFile Open(string folder, bool isSynchronous)
    {
        var @lock = folder == InMemory ? null : Lock(folder);
        SqliteFile? file = null;
        try
        {
            var path = @lock is null ? InMemory : System.IO.Path.Combine(folder, Name);
            var wasCutOff = @lock is not null && new FileInfo($"{path}-wal") is { Exists: true, Length: > 0 };
            if (@lock is not null)
            {
                CleanUp(folder, path);
            }

            file = new SqliteFile(path, isSynchronous, @lock);
            file.Prepare(wasCutOff);
            return file;
        }
        catch (SqliteException fault)
        {
            Close();
            throw Describe(folder, fault);
        }
        catch
        {
            Close();
            throw;
        }

        void Close()
        {
            file?.Dispose();
            @lock?.Dispose();
        }
    }

    /// <summary>A connection of its own, for one thread at a time. Not in memory.</summary>
    public SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connection);
        connection.Open();

        // FULL has the WAL synced at each commit, NORMAL at each checkpoint only: then the end of the machine, not of the process, may lose commits.
        // The writer makes the checkpoints, since SQLite does not tell of a failure of its own ones.
        Execute(connection, $"""
            PRAGMA synchronous = {(_isSynchronous ? "FULL" : "NORMAL")};
            PRAGMA fullfsync = {(_isSynchronous ? 1 : 0)};
            PRAGMA wal_autocheckpoint = 0;
            PRAGMA journal_size_limit = 67108864;
            """);
        return connection;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Writer.Dispose();
        _lock?.Dispose();
    }

    /// <summary>Makes an empty file that only its owner may read, in which SQLite then writes.</summary>
    internal static void CreateEmpty(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        new FileStream(path, options).Dispose();
    }

    internal static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    internal static long Read(SqliteConnection connection, string sql) => Convert.ToInt64(ReadValue(connection, sql), CultureInfo.InvariantCulture);

    private static void CleanUp(string folder, string path)
    {
        foreach (var copy in Directory.EnumerateFiles(folder, $"{BackUpPrefix}*"))
        {
            File.Delete(copy);
        }

        if (!File.Exists(path))
        {
            CreateEmpty(path);
        }
    }

    private static object? ReadValue(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>Takes the lock of the folder (<c>flock</c>), which the system ends with the process.</summary>
    private static FileStream Lock(string folder)
    {
        try
        {
            if (!Directory.Exists(folder))
            {
                if (OperatingSystem.IsWindows())
                {
                    Directory.CreateDirectory(folder);
                }
                else
                {
                    Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                }
            }

            return new FileStream(System.IO.Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault) when (Locked.Contains(fault.HResult))
        {
            throw new StorageFileException(
                $"Another server uses the folder {folder}. Stop it, or give this one a folder of its own with Storage:Path.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StorageFileException(
                $"The folder {folder} of Storage:Path can't be used: {fault.Message} Give the server one that it may write to, "
                + $"or {InMemory} to keep nothing.",
                fault);
        }
    }

    /// <param name="wasCutOff">Whether the last server that used the file did not close it.</param>
    private void Prepare(bool wasCutOff)
    {
        var version = (string)ReadValue(Writer, "SELECT sqlite_version()")!;
        if (Version.Parse(version) < LeastVersion)
        {
            throw new StorageFileException($"SQLite {version} is too old: {LeastVersion} is needed.");
        }

        var isEmpty = Read(Writer, "SELECT count(*) FROM sqlite_schema") == 0;
        if (!isEmpty && Read(Writer, "PRAGMA application_id") != Application)
        {
            throw new StorageFileException($"{Path} is not a file of SyncCluster. Give the server another folder with Storage:Path.");
        }

        var layout = Read(Writer, "PRAGMA user_version");
        if (layout > Layout)
        {
            throw new StorageFileException(
                $"{Path} was written by a newer version of SyncCluster. Start that version, or give this one a folder of its own with Storage:Path.");
        }

        if (wasCutOff && ReadValue(Writer, "PRAGMA quick_check(1)") is not "ok" and var damage)
        {
            throw Damaged($"{damage}");
        }

        Execute(Writer, $"""
            PRAGMA journal_mode = WAL;
            BEGIN IMMEDIATE;
            PRAGMA application_id = {Application};
            PRAGMA user_version = {Layout};
            CREATE TABLE IF NOT EXISTS record (
                storage TEXT NOT NULL,
                grain TEXT NOT NULL,
                state TEXT NOT NULL,
                etag INTEGER NOT NULL,
                expires INTEGER,
                unfinished INTEGER NOT NULL,
                customer TEXT NOT NULL,
                size INTEGER NOT NULL,
                data BLOB NOT NULL,
                entry BLOB,
                UNIQUE (grain, state, storage)
            );
            {(isEmpty || layout > 1 ? "" : "ALTER TABLE record ADD COLUMN entry BLOB;")}
            CREATE INDEX IF NOT EXISTS record_expires ON record (expires) WHERE expires IS NOT NULL;
            CREATE INDEX IF NOT EXISTS record_unfinished ON record (grain) WHERE unfinished = 1;
            CREATE INDEX IF NOT EXISTS record_entry ON record (customer, entry) WHERE entry IS NOT NULL;
            COMMIT;
            """);
    }

    private static StorageFileException Describe(string folder, SqliteException fault) => fault.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB => Damaged(fault.Message, folder, fault),
        SQLitePCL.raw.SQLITE_FULL => new($"The disk of {folder} is full: make room.", fault),
        _ => new($"The file {Name} in {folder} can't be used: {fault.Message}", fault),
    };

    private StorageFileException Damaged(string reason) => Damaged(reason, System.IO.Path.GetDirectoryName(Path)!, null);

    private static StorageFileException Damaged(string reason, string folder, Exception? fault) => new(
        $"The file {Name} in {folder} is damaged. Put a back-up in its place, or move all files of the folder away to begin anew. "
        + $"SQLite says: {reason}",
        fault);
}

/// <summary>The embedded storage's file can't be used. The message says why, and what to do.</summary>
internal sealed class StorageFileException(string message, Exception? inner = null) : Exception(message, inner);
