using Microsoft.Data.Sqlite;

namespace SyncCluster.Hosting.Storage;

/// <summary>
/// The file that one process keeps its records in, as SQLite has it. The folder belongs to one server at a time: a second one that starts there is refused.
/// </summary>
internal sealed class SqliteFile : IDisposable
{
    /// <summary>The layout that this version reads and writes (<c>PRAGMA user_version</c>).</summary>
    private const int Layout = 1;

    /// <summary>Says that the file is ours: the first bytes of SHA-256 of "SyncCluster" (<c>PRAGMA application_id</c>).</summary>
    private const int Application = 0x53594e43;

    /// <summary>SQLite before it has a fault by which a WAL file can be corrupted after a checkpoint.</summary>
    private static readonly Version LeastVersion = new(3, 51, 3);

    private readonly string _connection;
    private readonly bool _isSynchronous;
    private readonly FileStream _lock;

    private SqliteFile(string path, bool isSynchronous, FileStream @lock)
    {
        Path = path;
        _isSynchronous = isSynchronous;
        _lock = @lock;
        _connection = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ConnectionString;
    }

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>Opens the file in a folder, and makes both if they are not there.</summary>
    /// <param name="folder">The folder; it is made for its owner only.</param>
    /// <param name="isSynchronous">Whether a commit is on disk when it is acknowledged.</param>
    /// <exception cref="StorageFileException">The file can't be used. The message says why, and what to do.</exception>
    public static SqliteFile Open(string folder, bool isSynchronous)
    {
        var @lock = Lock(folder);
        try
        {
            var file = new SqliteFile(System.IO.Path.Combine(folder, "synccluster.db"), isSynchronous, @lock);
            file.Prepare();
            return file;
        }
        catch (SqliteException fault)
        {
            @lock.Dispose();
            throw Describe(folder, fault);
        }
        catch
        {
            @lock.Dispose();
            throw;
        }
    }

    /// <summary>A connection of its own. SQLite's connections are not thread-safe as they are used here.</summary>
    public SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connection);
        connection.Open();

        // FULL has the WAL synced at each commit, NORMAL at each checkpoint only: then a failure of the machine, not of the process, may lose commits.
        Execute(connection, $"PRAGMA synchronous = {(_isSynchronous ? "FULL" : "NORMAL")}; PRAGMA busy_timeout = 30000;");
        return connection;
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    internal static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    internal static long Read(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
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
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StorageFileException($"The folder {folder} of Storage:Path can't be made: {fault.Message}", fault);
        }

        try
        {
            return new FileStream(System.IO.Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault)
        {
            throw new StorageFileException(
                $"Another server uses the folder {folder}. Stop it, or give this one a folder of its own with Storage:Path.", fault);
        }
        catch (UnauthorizedAccessException fault)
        {
            throw new StorageFileException($"This server may not write to the folder {folder} of Storage:Path.", fault);
        }
    }

    private void Prepare()
    {
        using var connection = Connect();
        if (Version.Parse(connection.ServerVersion) < LeastVersion)
        {
            throw new StorageFileException($"SQLite {connection.ServerVersion} is too old: {LeastVersion} is needed.");
        }

        var layout = Read(connection, "PRAGMA user_version");
        var isEmpty = Read(connection, "SELECT count(*) FROM sqlite_schema") == 0;
        if (!isEmpty && Read(connection, "PRAGMA application_id") != Application)
        {
            throw new StorageFileException($"{Path} is not a file of SyncCluster. Give the server another folder with Storage:Path.");
        }

        if (layout > Layout)
        {
            throw new StorageFileException($"{Path} was written by a newer version of SyncCluster. Start that version, or give this one a folder of its own.");
        }

        Execute(connection, $"""
            PRAGMA journal_mode = WAL;
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
                UNIQUE (grain, state, storage)
            );
            CREATE INDEX IF NOT EXISTS record_expires ON record (expires) WHERE expires IS NOT NULL;
            CREATE INDEX IF NOT EXISTS record_unfinished ON record (grain) WHERE unfinished = 1;
            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private static StorageFileException Describe(string folder, SqliteException fault) => fault.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB => new(
            $"The file in {folder} is damaged. Restore it from a back-up, or move it away to begin anew: {fault.Message}", fault),
        SQLitePCL.raw.SQLITE_FULL => new($"The disk of {folder} is full.", fault),
        _ => new($"The file in {folder} can't be used: {fault.Message}", fault),
    };
}

/// <summary>The embedded storage's file can't be used.</summary>
internal sealed class StorageFileException(string message, Exception? inner = null) : Exception(message, inner);
